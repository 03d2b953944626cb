package dev.mishap.control.serve;

import dev.mishap.control.api.ApiServer;
import dev.mishap.control.api.AuditTrail;
import dev.mishap.control.api.GrpcApi;
import dev.mishap.control.api.RefusedCalls;
import dev.mishap.control.api.StoreAudit;
import dev.mishap.control.audit.AuditLog;
import dev.mishap.control.base.BaseConfig;
import dev.mishap.control.base.ConfigFiles;
import dev.mishap.control.base.Templates;
import dev.mishap.control.compile.ActiveRule;
import dev.mishap.control.compile.FleetFaults;
import dev.mishap.control.compile.NodeCapabilities;
import dev.mishap.control.http.HttpOptions;
import dev.mishap.control.http.HttpServer;
import dev.mishap.control.http.RequestCounts;
import dev.mishap.control.overlay.Overlay;
import dev.mishap.control.rules.RuleChange;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.control.rules.RuleRegistry;
import dev.mishap.control.rules.RuleSnapshot;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.control.runs.RunRecords;
import dev.mishap.control.security.NodeAuthorizer;
import dev.mishap.control.security.Security;
import dev.mishap.control.security.TlsFiles;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.xds.AccessDeniedException;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Peer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.ViewProvider;
import dev.mishap.control.xds.XdsServer;
import dev.mishap.control.xds.rest.RestDiscovery;
import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** A running control plane: an API that changes rules, a store that keeps them, and xDS that brings them to whoever connects. */
public final class ControlPlane implements AutoCloseable {
    private static final long READY_MILLIS = 2000;
    private static final Duration FAREWELL = Duration.ofSeconds(2);
    private static final int MAX_POLLING = 4096;

    /** Closed in the reverse order of their start. */
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    private final BaseConfig base;
    private final FleetFaults faults;
    private final XdsServer xds;
    private final ApiServer api;
    private final @Nullable HttpServer rest;

    private ControlPlane(ServeOptions options, Clock clock) throws IOException {
        boolean started = false;
        try {
            String name = ProcessHandle.current().pid() + "-" + UUID.randomUUID();
            Store store = own(options.store().open());
            Security security = own(Security.open(
                    options.security(), hosts(options), store, options.store().directory(), clock));
            RuleRegistry registry = own(registry(store, clock, name));
            base = own(base(options));
            faults = own(new FleetFaults(base, options.faultTimeToLive(), options.faultFilters(), clock));
            // Faults are in place before the first node can ask: one that comes back must not be without them for a
            // moment.
            faults.update(all(registry.snapshot()));
            own(registry.subscribe(this::changed));
            AuditLog log = own(new AuditLog(store, name));
            AuditTrail audit = new StoreAudit(log, clock);
            RefusedCalls refused = own(new RefusedCalls(audit));
            GrpcApi grpc = own(new GrpcApi(security.authenticator()));
            XdsServer.Builder server = XdsServer.builder(guarded(faults, security.nodes(), refused))
                    .address(options.xds())
                    .credentials(credentials(security.tls()))
                    .clock(clock);
            grpc.services().forEach(server::service);
            xds = own(server.start());
            faults.follow(xds.fleet());
            InetSocketAddress polling = options.polling();
            rest = polling == null ? null : own(polling(polling, security, refused));
            own(() -> faults.farewell(FAREWELL));
            if (base instanceof Overlay overlay) {
                xds.fleet().addListener(overlay);
            }
            api = own(ApiServer.builder(
                            registry, new RunRecords(store, clock), security.tokens(), security.authenticator())
                    .fleet(new FleetFacts(faults, xds.fleet(), clock))
                    .audit(audit)
                    .refused(refused)
                    .clock(clock)
                    .options(HttpOptions.at(
                                    options.api().getHostString(), options.api().getPort())
                            .withOrigins(options.security().origins()))
                    .tls(security.tls())
                    .grpc(grpc)
                    .readiness(() -> unready(store))
                    .start());
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    /**
     * Starts everything; when a part cannot start, those before it are ended.
     *
     * @throws IOException naming what cannot be used
     * @throws RuntimeException saying what could not start and why
     */
    public static ControlPlane start(ServeOptions options) throws IOException {
        return new ControlPlane(options, Clock.systemUTC());
    }

    /** Why the store cannot be used; null = it can. */
    private static @Nullable String unready(Store store) {
        try {
            StoreException.await(store.revision(), READY_MILLIS);
            return null;
        } catch (StoreException e) {
            return "the store does not answer: " + e.getMessage();
        }
    }

    private <T extends AutoCloseable> T own(T part) {
        parts.push(part);
        return part;
    }

    private static RuleRegistry registry(Store store, Clock clock, String name) throws IOException {
        try {
            return RuleRegistry.open(store, clock, name).toCompletableFuture().join();
        } catch (CompletionException e) {
            throw new IOException("the rules cannot be read: " + e.getCause(), e);
        }
    }

    private BaseConfig base(ServeOptions options) throws IOException {
        if (!options.upstreams().isEmpty()) {
            ScheduledExecutorService reloader = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "upstream-files");
                thread.setDaemon(true);
                return thread;
            });
            own(reloader::shutdownNow);
            return new Overlay(
                    options.upstreams(),
                    options.upstreamSecurity().open(reloader),
                    Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
        }
        Path directory = options.configDir();
        return directory == null
                ? new Templates(options.dependencies(), options.faultFilters())
                : ConfigFiles.watch(directory);
    }

    private static ServerCredentials credentials(@Nullable TlsFiles tls) {
        if (tls == null) {
            return InsecureServerCredentials.create();
        }
        TlsServerCredentials.Builder credentials =
                TlsServerCredentials.newBuilder().keyManager(tls.keyManager());
        if (tls.asksClients()) {
            // Proxies without one are refused by what checks their nodes; callers of the API may have a token instead.
            credentials.trustManager(tls.trustManager()).clientAuth(TlsServerCredentials.ClientAuth.OPTIONAL);
        }
        return credentials.build();
    }

    private static List<String> hosts(ServeOptions options) {
        List<String> hosts = new ArrayList<>(
                List.of(options.api().getHostString(), options.xds().getHostString()));
        InetSocketAddress polling = options.polling();
        if (polling != null) {
            hosts.add(polling.getHostString());
        }
        return hosts;
    }

    /** Where nodes poll. They are known by their certificates, if at all, as on streams; the API's tokens are not for them. */
    private HttpServer polling(InetSocketAddress address, Security security, RefusedCalls refused) throws IOException {
        TlsFiles tls = security.tls();
        return HttpServer.start(
                new RestDiscovery(xds.polling()).routes(),
                new NodeAdmission(security.nodes(), refused),
                HttpOptions.at(address.getHostString(), address.getPort()).withConnections(MAX_POLLING),
                new RequestCounts(),
                tls == null ? null : tls.context());
    }

    /** A node can't ask for another's resources: what it says it is must be what its certificate says. */
    private static ViewProvider guarded(ViewProvider views, NodeAuthorizer nodes, RefusedCalls refused) {
        if (!nodes.required()) {
            return views;
        }
        return new ViewProvider() {
            @Override
            public ResourceView viewOf(NodeInfo node, Peer peer) {
                String refusal = refusal(node, peer);
                if (refusal != null) {
                    refused.node(node.id(), peer.host(), refusal);
                    throw new AccessDeniedException(refusal);
                }
                return views.viewOf(node, peer);
            }

            @Override
            public @Nullable String refusal(NodeInfo node, Peer peer) {
                List<X509Certificate> certificates = peer.certificates().stream()
                        .filter(X509Certificate.class::isInstance)
                        .map(X509Certificate.class::cast)
                        .toList();
                return nodes.refusal(certificates, node.id(), node.cluster(), NodeCapabilities.namespace(node));
            }
        };
    }

    private static Map<String, @Nullable ActiveRule> all(RuleSnapshot snapshot) {
        Map<String, @Nullable ActiveRule> all = new HashMap<>();
        snapshot.forEach(rule -> all.put(rule.key().toString(), active(rule)));
        return all;
    }

    private void changed(RuleChange change) {
        Map<String, @Nullable ActiveRule> changed = new HashMap<>();
        for (RuleKey key : change.changed()) {
            StoredRule rule = change.after().get(key);
            changed.put(key.toString(), rule == null ? null : active(rule));
        }
        if (!changed.isEmpty()) {
            faults.updateSoon(changed);
        }
        if (change.killSwitchChanged()) {
            faults.stopAllSoon(change.after().killSwitch().engaged());
        }
    }

    private static ActiveRule active(StoredRule rule) {
        return new ActiveRule(rule.namespace(), rule.rule(), rule.updated(), rule.expires());
    }

    public InetSocketAddress apiAddress() {
        return api.address();
    }

    public int xdsPort() {
        return xds.port();
    }

    /** Where nodes poll; 0 = nowhere. */
    public int restPort() {
        return rest == null ? 0 : rest.address().getPort();
    }

    /** Where the base configuration comes from, for people. */
    public String base() {
        return base.describe();
    }

    @Override
    public void close() {
        RuntimeException failure = null;
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                failure = failure == null ? new IllegalStateException(e) : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
