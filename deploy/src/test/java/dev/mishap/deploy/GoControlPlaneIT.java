package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An overlay between a management server of go-control-plane and a stock Envoy. */
@TestInstance(Lifecycle.PER_CLASS)
class GoControlPlaneIT {
    private static final String ENVOY = "type.googleapis.com/envoy.";
    private static final String SERVICE = "service-1";

    private final HttpClient http = HttpClient.newHttpClient();
    private int xds;
    private int listen;
    private Path directory;
    private HttpServer service;
    private Process upstream;
    private ControlPlaneProcess overlay;

    @BeforeAll
    void start(@TempDir Path temporary) throws IOException {
        Tools.need("envoy", "--version");
        Tools.need("go", "version");
        directory = temporary;
        xds = ProxyProcess.freePort();
        listen = ProxyProcess.freePort();
        service = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        service.createContext("/", exchange -> {
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        service.setExecutor(Executors.newCachedThreadPool());
        service.start();
        Path server = directory.resolve("xds");
        Tools.Result built = Tools.run(
                Tools.root().resolve("deploy/src/test/go/xds"),
                600,
                List.of("go", "build", "-o", server.toString(), "."));
        assertThat(built.exit()).as(built.err()).isZero();
        Path out = directory.resolve("upstream.log");
        upstream = Tools.builder(List.of(
                        server.toString(),
                        "-port",
                        Integer.toString(xds),
                        "-listen",
                        Integer.toString(listen),
                        "-service",
                        Integer.toString(service.getAddress().getPort())))
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        Sidecar.await(() -> read(out).contains("ready"));
        overlay = new ControlPlaneProcess(
                Files.createDirectory(directory.resolve("overlay")),
                "--fault-ttl",
                "1s",
                "--upstream-xds",
                // Nobody is at the first address.
                "127.0.0.1:" + ProxyProcess.freePort() + ",127.0.0.1:" + xds);
    }

    @AfterAll
    void stop() {
        if (overlay != null) {
            overlay.close();
        }
        if (upstream != null) {
            upstream.destroyForcibly();
        }
        if (service != null) {
            service.stop(0);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    private int status(String name) {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + listen + '/' + name))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void resourcesAreTheSameBytesOnTheWire(boolean delta) throws Exception {
        // In the state of the world go-control-plane waits until all that it has are asked for.
        Map<String, List<String>> asked = Map.of(
                ENVOY + "config.listener.v3.Listener", List.of(),
                ENVOY + "config.cluster.v3.Cluster", List.of(),
                ENVOY + "config.route.v3.RouteConfiguration", List.of("outbound"),
                ENVOY + "config.endpoint.v3.ClusterLoadAssignment", List.of("service-0", "service-1", "service-2"),
                ENVOY + "service.runtime.v3.Runtime", List.of("mishap"));
        try (DiscoveryClient direct = new DiscoveryClient(xds);
                DiscoveryClient behind = new DiscoveryClient(overlay.xdsPort())) {
            for (Map.Entry<String, List<String>> each : asked.entrySet()) {
                List<ByteString> theirs = direct.ask(
                        "client",
                        delta,
                        each.getKey(),
                        each.getValue(),
                        each.getValue().size());
                assertThat(theirs).as(each.getKey()).isNotEmpty();
                assertThat(behind.ask("client-" + delta, delta, each.getKey(), each.getValue(), theirs.size()))
                        .as(each.getKey())
                        .isEqualTo(theirs);
            }
        }
    }

    private ProxyProcess envoy(String name, boolean delta, int server) throws IOException {
        // A node of its own for each protocol: the overlay asks the upstream as the first of a node's streams did, for
        // as long as that one is there.
        ProxyProcess envoy = new ProxyProcess(
                ProxyProcess.Kind.ENVOY,
                Files.createDirectory(directory.resolve(name + delta)),
                overlay.bootstrap("envoy", "checkout", "e-" + delta, "127.0.0.1", delta ? "DELTA_GRPC" : "GRPC")
                        .replace("port_value: " + overlay.xdsPort(), "port_value: " + server));
        Sidecar.await(() -> status(SERVICE) == 204);
        return envoy;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void envoyHasTheSameConfigurationAndWithARuleTheFaultAndNothingElse(boolean delta) throws Exception {
        Map<String, String> direct;
        try (ProxyProcess envoy = envoy("direct", delta, xds)) {
            direct = ConfigDump.of(envoy);
        }
        assertThat(direct).hasSizeGreaterThanOrEqualTo(8);
        try (ProxyProcess envoy = envoy("behind", delta, overlay.xdsPort())) {
            assertThat(ConfigDump.of(envoy)).isEqualTo(direct);

            overlay.apply("one", "{ttl: 1m, scope: {clusters: [service-1]}, fault: {abort: {httpStatus: 418}}}");
            Sidecar.await(() -> status(SERVICE) == 418);
            assertThat(status("service-0")).isEqualTo(204);
            Map<String, String> faulty = ConfigDump.of(envoy);
            assertThat(faulty.keySet()).isEqualTo(direct.keySet());
            assertThat(faulty.entrySet().stream().filter(e -> !e.getValue().equals(direct.get(e.getKey()))))
                    .singleElement()
                    .satisfies(e -> assertThat(e.getKey()).contains("route"));

            overlay.delete("one");
            Sidecar.await(() -> status(SERVICE) == 204);
            assertThat(ConfigDump.of(envoy)).isEqualTo(direct);
        }
    }
}
