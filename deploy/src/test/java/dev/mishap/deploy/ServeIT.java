package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** One control plane that drives stock Envoys, our own proxies and gRPC clients without a proxy at once, by streams and polls. */
@TestInstance(Lifecycle.PER_CLASS)
class ServeIT {
    private static final String SERVICE = "checkout";
    private static final Map<String, String> API_TYPES = Map.of("delta", "DELTA_GRPC", "sotw", "GRPC", "rest", "REST");
    private static final String CANARY = "{headers: [{name: x-tier, exact: canary}]}";

    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<String, String> addresses = new TreeMap<>(Map.of(
            "envoy-delta",
            "127.0.0.2",
            "envoy-sotw",
            "127.0.0.3",
            "mishap-delta",
            "127.0.0.4",
            "mishap-sotw",
            "127.0.0.5",
            "envoy-rest",
            "127.0.0.6",
            "mishap-rest",
            "127.0.0.7"));
    private final List<ProxyProcess> proxies = new ArrayList<>();

    private Path directory;

    private HttpServer upstream;
    private ControlPlaneProcess serve;
    private int port;
    private int grpcPort;
    private int dnsPort;
    private FakeResolver resolver;

    @BeforeAll
    void start(@TempDir Path temporary) throws IOException {
        directory = temporary;
        Tools.need("envoy", "--version");
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        upstream.setExecutor(Executors.newCachedThreadPool());
        upstream.start();
        port = ProxyProcess.freePort();
        grpcPort = ProxyProcess.freePort();
        dnsPort = ProxyProcess.freePort();
        resolver = new FakeResolver();
        serve = new ControlPlaneProcess(
                Files.createDirectory(directory.resolve("serve")),
                "--listen-xds-rest",
                "127.0.0.1:${rest}",
                "--fault-ttl",
                "2s",
                "--dependency",
                "payments=" + port + ":127.0.0.1:" + upstream.getAddress().getPort(),
                "--dependency",
                "ledger=" + ProxyProcess.freePort() + ":grpc://127.0.0.1:" + grpcPort,
                "--dependency",
                "resolver=" + dnsPort + ":dns://127.0.0.1:" + resolver.port());
        for (Map.Entry<String, String> node : addresses.entrySet()) {
            ProxyProcess.Kind kind =
                    node.getKey().startsWith("envoy") ? ProxyProcess.Kind.ENVOY : ProxyProcess.Kind.MISHAP;
            proxies.add(new ProxyProcess(
                    kind,
                    Files.createDirectory(directory.resolve(node.getKey())),
                    serve.bootstrap(
                            kind.name().toLowerCase(java.util.Locale.ROOT),
                            SERVICE,
                            node.getKey(),
                            node.getValue(),
                            API_TYPES.get(node.getKey().replaceAll(".*-", "")))));
        }
        for (String address : addresses.values()) {
            Sidecar.await(() -> status(address, false) == 204);
        }
    }

    @AfterAll
    void stop() {
        proxies.forEach(ProxyProcess::close);
        if (serve != null) {
            serve.close();
        }
        if (upstream != null) {
            upstream.stop(0);
        }
        if (resolver != null) {
            resolver.close();
        }
    }

    private int status(String address, boolean canary) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://" + address + ':' + port + '/'));
        if (canary) {
            request.header("x-tier", "canary");
        }
        try {
            return http.send(request.build(), BodyHandlers.discarding()).statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Until every proxy answers the canary so; meanwhile nobody else sees anything of it. Returns how long it took. */
    private long awaitEverywhere(int canary) {
        long from = System.nanoTime();
        for (String address : addresses.values()) {
            Sidecar.await(() -> {
                assertThat(status(address, false)).as(address).isEqualTo(204);
                return status(address, true) == canary;
            });
        }
        return (System.nanoTime() - from) / 1_000_000;
    }

    @Test
    void aRuleReachesEveryKindOfProxyAndEndsByItself() throws Exception {
        String answer = serve.apply(
                "canary-503",
                "{ttl: 8s, targets: {services: [checkout]}, scope: " + CANARY + ", fault: {abort: {httpStatus: 503}}}");
        assertThat(answer).contains("\"notHonoured\": 0");

        long effect = awaitEverywhere(503);
        assertThat(effect).as("ms to the effect at the last of six proxies").isLessThan(7_500);
        awaitEverywhere(204);
    }

    @Test
    void aFaultOfRoutesIsSwitchedByTheRuntime() throws Exception {
        serve.apply(
                "route-418",
                "{ttl: 1m, scope: {routes: [payments], headers: [{name: x-tier, exact: canary}]}, fault: {abort:"
                        + " {httpStatus: 418}}}");
        awaitEverywhere(418);
        serve.delete("route-418");
        awaitEverywhere(204);
    }

    @Test
    void theStopEndsEverythingAtOnce() throws Exception {
        serve.apply("a", "{ttl: 1m, scope: " + CANARY + ", fault: {abort: {httpStatus: 500}}}");
        awaitEverywhere(500);
        serve.post("/api/v1/rules:stop", "{\"all\": true}");
        awaitEverywhere(204);
    }

    @Test
    void aFaultOfConnectionsReachesOurProxiesAndNobodyElse() throws Exception {
        String answer = serve.apply(
                "slow",
                "{ttl: 1m, scope: {listeners: [payments]}, fault: {latency: {fixed: 300ms, direction: toDownstream}}}");
        assertThat(answer).contains("spec.fault.latency: Envoy has no filter for faults of connections");
        for (Map.Entry<String, String> node : addresses.entrySet()) {
            if (node.getKey().startsWith("mishap")) {
                Sidecar.await(() -> millis(node.getValue()) >= 300);
            }
        }
        serve.delete("slow");
        for (String address : addresses.values()) {
            Sidecar.await(() -> millis(address) < 300);
        }
    }

    private long millis(String address) {
        long from = System.nanoTime();
        assertThat(status(address, false)).as(address).isEqualTo(204);
        return (System.nanoTime() - from) / 1_000_000;
    }

    private static boolean ours(String node) {
        return node.startsWith("mishap");
    }

    /** Until the proxies of ours, and no other ones, answer DNS so. */
    private void awaitQuestions(int rcode) {
        addresses.forEach((node, address) -> {
            int expected = ours(node) ? rcode : 0;
            Sidecar.await(() -> FakeResolver.ask(address, dnsPort) == expected);
        });
    }

    @Test
    void aFaultOfDnsReachesOurProxiesAndNobodyElse() throws Exception {
        awaitQuestions(0);
        String answer = serve.apply("nx", "{ttl: 10m, scope: {listeners: [resolver]}, fault: {dns: {nxdomain: true}}}");
        assertThat(answer).contains("\"honoured\": 3", "spec.fault.dns: Envoy has no filter for faults of DNS");
        awaitQuestions(3);
        serve.delete("nx");
        awaitQuestions(0);
    }

    @Test
    void aResetUpstreamReachesOurProxiesAndNobodyElse() throws Exception {
        String answer = serve.apply(
                "cut", "{ttl: 10m, scope: {clusters: [payments]}, fault: {connectionReset: {side: upstream}}}");
        assertThat(answer)
                .contains(
                        "\"honoured\": 3", "spec.fault.connectionReset: Envoy has no filter for faults of connections");
        addresses.forEach((node, address) -> Sidecar.await(() -> status(address, false) == (ours(node) ? 503 : 204)));
        serve.delete("cut");
        for (String address : addresses.values()) {
            Sidecar.await(() -> status(address, false) == 204);
        }
    }

    @Test
    void theDeathOfTheServerEndsItsFaults() throws Exception {
        // Where faults go by themselves is the proxies' clock: nobody tells them anything any more.
        serve.apply("whole", "{ttl: 10m, scope: " + CANARY + ", fault: {abort: {httpStatus: 503}}}");
        awaitEverywhere(503);
        serve.apply("nx", "{ttl: 10m, scope: {listeners: [resolver]}, fault: {dns: {nxdomain: true}}}");
        awaitQuestions(3);
        serve.apply("gone", "{ttl: 10m, scope: {clusters: [payments]}, fault: {connectionReset: {side: upstream}}}");
        addresses.forEach((node, address) -> Sidecar.await(() -> status(address, false) == (ours(node) ? 503 : 204)));
        serve.kill();
        addresses.forEach((node, address) -> {
            // Those that poll keep what they have until they are told otherwise.
            if (!node.endsWith("rest")) {
                Sidecar.await(() -> status(address, false) == 204 && status(address, true) == 204);
                Sidecar.await(() -> FakeResolver.ask(address, dnsPort) == 0);
            }
        });
        serve.restart();
        for (String rule : List.of("whole", "nx", "gone")) {
            serve.delete(rule);
        }
        awaitEverywhere(204);
    }

    @Test
    void whatANodeCannotDoIsToldBeforeAndWhileItStands() throws Exception {
        String answer = serve.apply(
                "capped",
                "{ttl: 1m, scope: " + CANARY + ", limits: {maxTrafficPercent: 5}, fault: {abort: {httpStatus: 503}}}");
        assertThat(answer).contains("\"honoured\": 3", "spec.limits.maxTrafficPercent: there is no such limit");
        serve.delete("capped");
        awaitEverywhere(204);
    }

    @Test
    void clientsWithoutAProxyGetTheSameFaultAtTheSameTime() throws Exception {
        Tools.need("python3", "-c", "import grpc");
        Path home = Files.createDirectory(directory.resolve("grpc"));
        Path bootstrap = Files.writeString(
                home.resolve("bootstrap.json"), serve.bootstrap("grpc", SERVICE, "grpc-python", "", "GRPC"));
        Path lines = home.resolve("calls.txt");
        ProcessBuilder builder = Tools.builder(List.of(
                        "python3",
                        Tools.root()
                                .resolve("deploy/src/test/python/xds_client.py")
                                .toString(),
                        Integer.toString(grpcPort),
                        "ledger"))
                .redirectErrorStream(true)
                .redirectOutput(lines.toFile());
        builder.environment().put("GRPC_XDS_BOOTSTRAP", bootstrap.toString());
        Process python = builder.start();
        // The Python program is the server of both.
        try (GrpcXdsClient java =
                new GrpcXdsClient(serve.bootstrap("grpc", SERVICE, "grpc-java", "", "GRPC"), "ledger")) {
            Sidecar.await(() -> last(lines, "canary").equals("canary OK"));
            Sidecar.await(() -> java.call(true) == Status.Code.OK);
            String answer =
                    serve.apply("everywhere", "{ttl: 8s, scope: " + CANARY + ", fault: {abort: {httpStatus: 503}}}");
            assertThat(answer).contains("\"honoured\": 8", "\"notHonoured\": 0");
            Sidecar.await(() -> last(lines, "canary").equals("canary UNAVAILABLE"));
            Sidecar.await(() -> {
                assertThat(java.call(false)).isEqualTo(Status.Code.OK);
                return java.call(true) == Status.Code.UNAVAILABLE;
            });
            awaitEverywhere(503);
            Sidecar.await(() -> last(lines, "canary").equals("canary OK"));
            Sidecar.await(() -> {
                assertThat(java.call(false)).isEqualTo(Status.Code.OK);
                return java.call(true) == Status.Code.OK;
            });
            awaitEverywhere(204);
            assertThat(Files.readAllLines(lines))
                    .filteredOn(l -> l.startsWith("plain"))
                    .containsOnly("plain OK");

            // A client keeps its last routes. So a server that ends takes the fault out of them first.
            serve.apply(
                    "grpc-unavailable",
                    "{ttl: 10m, scope: {listeners: [ledger], headers: [{name: x-tier, exact: canary}]},"
                            + " fault: {abort: {grpcStatus: UNAVAILABLE}}}");
            Sidecar.await(() -> last(lines, "canary").equals("canary UNAVAILABLE"));
            serve.close();
            Sidecar.await(() -> last(lines, "canary").equals("canary OK"));
            serve.restart();
            serve.delete("grpc-unavailable");
        } finally {
            python.destroyForcibly().waitFor();
        }
    }

    private static String last(Path lines, String prefix) {
        try {
            return Files.readAllLines(lines).stream()
                    .filter(line -> line.startsWith(prefix + ' '))
                    .reduce("", (a, b) -> b);
        } catch (IOException e) {
            return "";
        }
    }
}
