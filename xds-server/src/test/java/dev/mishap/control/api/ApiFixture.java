package dev.mishap.control.api;

import dev.mishap.control.http.HttpOptions;
import dev.mishap.control.rules.RuleRegistry;
import dev.mishap.control.runs.RunRecords;
import dev.mishap.control.security.Authenticator;
import dev.mishap.control.security.Bindings;
import dev.mishap.control.security.Grant;
import dev.mishap.control.security.Oidc;
import dev.mishap.control.security.Role;
import dev.mishap.control.security.Tokens;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.local.LocalStore;
import dev.mishap.rules.FaultRule;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A control plane's API on a free port, over a store in memory. */
public final class ApiFixture implements AutoCloseable {
    static final JsonMapper JSON = new JsonMapper();

    public static final String RULE = """
            apiVersion: mishap.dev/v1
            kind: FaultRule
            metadata: {name: %s, labels: {team: pay}}
            spec:
              fault: {abort: {httpStatus: 503}}
              percentage: 40
              limits: {maxTrafficPercent: 5}
            """;

    public final Store store = LocalStore.inMemory();
    public final RuleRegistry registry;
    public final Tokens tokens;
    final ApiServer server;
    final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final WatchHub watches;
    final FakeFleet fleet = new FakeFleet();
    final FakeAudit audit = new FakeAudit();
    final RefusedCalls refused = new RefusedCalls(audit, System::nanoTime);

    public ApiFixture() {
        this(Role.ADMIN, null, HttpOptions.at("127.0.0.1", 0));
    }

    ApiFixture(@Nullable Role anonymous, @Nullable Oidc oidc, HttpOptions options) {
        registry = RuleRegistry.open(store, () -> now, "test")
                .toCompletableFuture()
                .join();
        watches = new WatchHub(registry);
        tokens = Tokens.open(store, () -> now);
        Authenticator authenticator = new Authenticator(
                new Authenticator.Policy(anonymous, 10_000), tokens, oidc, Bindings.NONE, System::nanoTime);
        try {
            server = ApiServer.builder(registry, new RunRecords(store, () -> now), tokens, authenticator)
                    .fleet(fleet)
                    .audit(audit)
                    .refused(refused)
                    .clock(() -> now)
                    .options(options)
                    .start();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static final class FakeFleet implements FleetView {
        volatile List<Node> nodes = List.of();
        volatile List<Honour> honours = List.of();

        @Override
        public List<Node> nodes() {
            return nodes;
        }

        @Override
        public List<Honour> honouring(String namespace, FaultRule rule) {
            return honours;
        }
    }

    static final class FakeAudit implements AuditTrail {
        final List<String> records = new java.util.concurrent.CopyOnWriteArrayList<>();

        @Override
        public void record(
                dev.mishap.control.security.Caller caller,
                String action,
                String target,
                @Nullable Map<String, Object> before,
                @Nullable Map<String, Object> after,
                @Nullable String note) {
            records.add("{\"sequence\":" + (records.size() + 1) + ",\"record\":"
                    + dev.mishap.rules.yaml.DocumentText.jsonLine(Map.of(
                            "who",
                            caller.name(),
                            "from",
                            caller.address(),
                            "action",
                            action,
                            "target",
                            target,
                            "note",
                            note == null ? "" : note))
                    + "}");
        }

        @Override
        public Part list(long from, int limit) {
            List<String> rest = records.subList((int) Math.min(records.size(), from - 1), records.size());
            boolean more = rest.size() > limit;
            return new Part(more ? rest.subList(0, limit) : rest, more ? from + limit : 0);
        }
    }

    public String url() {
        return "http://127.0.0.1:" + server.address().getPort();
    }

    /** Ties services of gRPC to the same rules. */
    void bind(GrpcApi grpc) {
        RuleService rules = new RuleService(registry, fleet, () -> now);
        grpc.bind(new ApiParts(
                rules,
                watches,
                new FleetListing(rules),
                new TokenService(tokens, audit, () -> now),
                new RunService(new RunRecords(store, () -> now), () -> now),
                audit,
                refused));
    }

    /** A new token. */
    String token(String name, Grant... grants) {
        return tokens.create(name, List.of(grants), null, "test").secret();
    }

    record Reply(int status, HttpResponse<String> response) {
        JsonNode json() {
            return JSON.readTree(response.body());
        }

        String text() {
            return response.body();
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        String detail() {
            return json().path("detail").asString("");
        }
    }

    /** Calls; headers in pairs. A body without a content type is YAML. */
    Reply call(String method, String path, @Nullable String body, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url() + path)).timeout(Duration.ofSeconds(20));
        boolean typed = false;
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
            typed |= headers[i].equals("content-type");
        }
        if (body != null && !typed) {
            request.header("content-type", body.startsWith("{") ? "application/json" : "application/yaml");
        }
        request.method(
                method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        try {
            HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), response);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    Reply get(String path, String... headers) {
        return call("GET", path, null, headers);
    }

    @Override
    public void close() {
        watches.close();
        refused.close();
        server.close();
        tokens.close();
        registry.close();
        store.close();
    }
}
