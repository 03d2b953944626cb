package dev.mishap.control.api;

import dev.mishap.control.http.Admission;
import dev.mishap.control.http.HttpOptions;
import dev.mishap.control.http.HttpServer;
import dev.mishap.control.http.RequestCounts;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.RuleRegistry;
import dev.mishap.control.runs.RunRecords;
import dev.mishap.control.security.Authenticator;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Credentials;
import dev.mishap.control.security.TlsFiles;
import dev.mishap.control.security.Tokens;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The API, listening. */
public final class ApiServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("mishap.api");

    private final HttpServer http;
    private final WatchHub hub;
    private final List<Route> routes;

    private ApiServer(HttpServer http, WatchHub hub, List<Route> routes) {
        this.routes = List.copyOf(routes);
        this.http = http;
        this.hub = hub;
    }

    public static Builder builder(RuleRegistry registry, RunRecords runs, Tokens tokens, Authenticator authenticator) {
        return new Builder(registry, runs, tokens, authenticator);
    }

    /** What a server is made of. */
    public static final class Builder {
        private final RuleRegistry registry;
        private final RunRecords runs;
        private final Tokens tokens;
        private final Authenticator authenticator;
        private FleetView fleet = FleetView.EMPTY;
        private AuditTrail audit = AuditTrail.NONE;
        private InstantSource clock = InstantSource.system();
        private HttpOptions options = HttpOptions.at("127.0.0.1", 0);
        private @Nullable TlsFiles tls;
        private Supplier<@Nullable String> notReady = () -> null;
        private @Nullable GrpcApi grpc;
        private @Nullable RefusedCalls refused;
        private final List<Consumer<StringBuilder>> metrics = new ArrayList<>();

        private Builder(RuleRegistry registry, RunRecords runs, Tokens tokens, Authenticator authenticator) {
            this.registry = registry;
            this.runs = runs;
            this.tokens = tokens;
            this.authenticator = authenticator;
        }

        public Builder fleet(FleetView view) {
            fleet = view;
            return this;
        }

        public Builder audit(AuditTrail trail) {
            audit = trail;
            return this;
        }

        public Builder clock(InstantSource source) {
            clock = source;
            return this;
        }

        public Builder options(HttpOptions http) {
            options = http;
            return this;
        }

        /** @param files null = plain text */
        public Builder tls(@Nullable TlsFiles files) {
            tls = files;
            return this;
        }

        /** @param reason why the server cannot serve now; null = it can */
        public Builder readiness(Supplier<@Nullable String> reason) {
            notReady = reason;
            return this;
        }

        /** More metrics, in Prometheus' text format. */
        public Builder metrics(Consumer<StringBuilder> writer) {
            metrics.add(writer);
            return this;
        }

        /** Where refused calls are recorded; by default nowhere. It stays the caller's. */
        public Builder refused(RefusedCalls calls) {
            refused = calls;
            return this;
        }

        /** The same over gRPC, by a server that has its services. */
        public Builder grpc(GrpcApi api) {
            grpc = api;
            return this;
        }

        /** @throws IOException when it cannot listen */
        public ApiServer start() throws IOException {
            RuleService service = new RuleService(registry, fleet, clock);
            WatchHub hub = new WatchHub(registry);
            RequestCounts counts = new RequestCounts();
            DocsPages docs = new DocsPages();
            List<Route> routes = new ArrayList<>();
            FleetListing listing = new FleetListing(service);
            TokenService tokenService = new TokenService(tokens, audit, clock);
            routes.addAll(new RulesResource(service, hub).routes());
            routes.addAll(new FleetResource(service, listing).routes());
            RunService runService = new RunService(runs, clock);
            routes.addAll(new RunsResource(runService).routes());
            routes.addAll(new TokensResource(tokenService).routes());
            routes.addAll(new AuditResource(audit).routes());
            routes.addAll(new SystemResource(service, hub, counts, notReady, metrics).routes());
            routes.addAll(docs.routes());
            String version = ApiServer.class.getPackage().getImplementationVersion();
            docs.describe(routes, version == null ? "0" : version);
            try {
                HttpServer http =
                        HttpServer.start(routes, admission(), options, counts, tls == null ? null : tls.context());
                if (grpc != null) {
                    grpc.bind(new ApiParts(service, hub, listing, tokenService, runService, audit, refused));
                }
                return new ApiServer(http, hub, routes);
            } catch (IOException e) {
                hub.close();
                throw e;
            }
        }

        private Admission admission() {
            return new Admission() {
                @Override
                public Caller admit(Credentials credentials) {
                    try {
                        return authenticator.authenticate(credentials);
                    } catch (ProblemException e) {
                        if (e.kind() == ProblemKind.UNAUTHENTICATED && credentials.authorization() != null) {
                            LOG.info("refused a caller from {}: {}", credentials.address(), e.detail());
                        }
                        throw e;
                    }
                }

                @Override
                public Caller admitAnyone(Credentials credentials) {
                    return authenticator.anyone(credentials);
                }

                @Override
                public void failed(
                        @Nullable Caller caller, String address, String operation, ProblemException problem) {
                    if (refused != null) {
                        refused.failed(caller, address, operation, problem);
                    }
                }
            };
        }
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return http.address();
    }

    /** What it serves. */
    List<Route> routes() {
        return routes;
    }

    @Override
    public void close() {
        hub.close();
        http.close();
    }
}
