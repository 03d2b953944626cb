package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A control plane that goes, hangs, floods, sends garbage, far too much, or something else every moment: the last good configuration
 * serves on, no request fails, and a control plane that is well again is listened to.
 */
@Timeout(180)
class ControlPlaneTroubleIT {
    private static final String LISTENER = """
            name: "l"
            address { socket_address { address: "127.0.0.1" port_value: ${port} } }
            filter_chains { filters { name: "hcm" typed_config {
              [type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager] {
                stat_prefix: "t"
                rds { route_config_name: "r" config_source { resource_api_version: V3 ads {} } }
                http_filters { name: "router" typed_config {
                  [type.googleapis.com/envoy.extensions.filters.http.router.v3.Router] {} } }
              } } } }
            """;

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicBoolean over = new AtomicBoolean();
    private ScriptedXds xds = new ScriptedXds(0);
    private final Thread client = new Thread(this::ask, "client");
    private HttpServer upstream;
    private int port;

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws IOException {
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        upstream.start();
        port = ProxyProcess.freePort();
        serve();
    }

    @AfterEach
    void stop() throws InterruptedException {
        over.set(true);
        client.join();
        xds.close();
        upstream.stop(0);
    }

    private void serve() {
        xds.put("Cluster", "c", cluster("c", 1));
        xds.put("RouteConfiguration", "r", routes("route { cluster: \"c\" }"));
        xds.put("Listener", "l", LISTENER.replace("${port}", Integer.toString(port)));
    }

    private String cluster(String name, int timeoutSeconds) {
        return "name: \"" + name + "\" type: STATIC connect_timeout { seconds: " + timeoutSeconds
                + " } load_assignment { cluster_name: \"" + name
                + "\" endpoints { lb_endpoints { endpoint { address { socket_address { address: \"127.0.0.1\" port_value: "
                + upstream.getAddress().getPort() + " } } } } } }";
    }

    private static String routes(String action) {
        return "name: \"r\" virtual_hosts { name: \"v\" domains: \"*\" routes { match { prefix: \"/\" } " + action
                + " } }";
    }

    private ProxyProcess proxy(String api) throws IOException {
        ProxyProcess proxy = new ProxyProcess(
                ProxyProcess.Kind.MISHAP,
                directory,
                AdsBootstrap.CLUSTERS_AND_LISTENERS
                        .replace("${api}", api)
                        .replace("${xds}", Integer.toString(xds.port())));
        Sidecar.await(() -> status() == 200);
        client.start();
        return proxy;
    }

    private int status() {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                                    .timeout(Duration.ofSeconds(30))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A client that never stops. */
    private void ask() {
        while (!over.get()) {
            int status = status();
            if (status != 200) {
                failures.add("status " + status);
            }
            answered.incrementAndGet();
        }
    }

    private void awaitTraffic() {
        int until = answered.get() + 20;
        Sidecar.await(() -> answered.get() > until);
    }

    private void allIsWell(ProxyProcess proxy) {
        awaitTraffic();
        assertThat(failures).isEmpty();
        assertThat(proxy.leaks()).isEmpty();
        // Who is well again is listened to.
        over.set(true);
        xds.put("RouteConfiguration", "r", routes("direct_response { status: 204 }"));
        Sidecar.await(() -> status() == 204);
    }

    private void awaitStreams(int opened) {
        Sidecar.await(() -> xds.opened() >= opened && xds.open() > 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"GRPC", "DELTA_GRPC"})
    void itGoesAndComesBack(String api) throws Exception {
        try (ProxyProcess proxy = proxy(api)) {
            int at = xds.port();
            xds.close();
            Sidecar.await(() -> proxy.stat("control_plane.connected_state") == 0);
            awaitTraffic();
            xds = new ScriptedXds(at);
            serve();
            awaitStreams(1);
            allIsWell(proxy);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"GRPC", "DELTA_GRPC"})
    void itHangs(String api) throws Exception {
        try (ProxyProcess proxy = proxy(api)) {
            xds.quiet(true);
            xds.breakStreams();
            awaitStreams(2);
            awaitTraffic();
            assertThat(proxy.get("/ready")).isEqualTo("LIVE\n");
            xds.quiet(false);
            allIsWell(proxy);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"GRPC", "DELTA_GRPC"})
    void itSendsGarbage(String api) throws Exception {
        try (ProxyProcess proxy = proxy(api)) {
            Random random = new Random(7);
            for (int i = 0; i < 5; i++) {
                int streams = xds.opened();
                byte[] garbage = new byte[random.nextInt(20_000)];
                random.nextBytes(garbage);
                garbage[0] = 7; // field 0 of a wire type that there is not
                xds.sendRaw(garbage);
                awaitStreams(streams + 1);
            }
            // Messages that can be read and make no sense end nothing.
            int streams = xds.opened();
            xds.sendRaw(new byte[0]);
            xds.sendRaw(ScriptedXds.response("Runtime", "x", "x", List.of()).toByteArray());
            awaitTraffic();
            assertThat(xds.opened()).isEqualTo(streams);
            allIsWell(proxy);
        }
    }

    /** Resources without an end, each version other than the one before, and nobody waits for the acknowledgement. */
    @ParameterizedTest
    @ValueSource(strings = {"GRPC", "DELTA_GRPC"})
    void itFloods(String api) throws Exception {
        try (ProxyProcess proxy = proxy(api)) {
            for (int i = 1; i <= 1500; i++) {
                xds.put("Cluster", "c", cluster("c", i));
            }
            xds.put("Cluster", "last", cluster("last", 1));
            Sidecar.await(() -> proxy.get("/clusters").contains("last::"));
            assertThat(proxy.stat("cluster_manager.cds.update_rejected")).isZero();
            assertThat(proxy.stat("cluster_manager.active_clusters")).isEqualTo(3);
            allIsWell(proxy);
        }
    }

    @Test
    void itSendsFarTooMuch() throws Exception {
        try (ProxyProcess proxy = proxy("GRPC")) {
            int streams = xds.opened();
            byte[] far = new byte[100 << 20];
            far[0] = 10; // field 1, and a length that takes all of the rest
            int rest = far.length - 5;
            for (int i = 1; i < 5; i++) {
                far[i] = (byte) (rest >>> 7 * (i - 1) & 0x7f | (i < 4 ? 0x80 : 0));
            }
            xds.sendRaw(far);
            awaitStreams(streams + 1);
            allIsWell(proxy);
        }
    }

    /** Thousands of clusters in one response. */
    @Test
    void itSendsALot() throws Exception {
        try (ProxyProcess proxy = proxy("GRPC")) {
            List<Message> all = new ArrayList<>();
            all.add(ScriptedXds.message("Cluster", cluster("c", 1)));
            for (int i = 0; i < 2000; i++) {
                all.add(ScriptedXds.message("Cluster", cluster("c" + i, 1)));
            }
            xds.sendRaw(ScriptedXds.response("Cluster", "lot", "lot", all).toByteArray());
            Sidecar.await(() -> proxy.stat("cluster_manager.active_clusters") == 2002);
            xds.sendRaw(ScriptedXds.response("Cluster", "few", "few", all.subList(0, 1))
                    .toByteArray());
            Sidecar.await(() -> proxy.stat("cluster_manager.active_clusters") == 2);
            allIsWell(proxy);
        }
    }

    /** What warms up is replaced, removed and back before it is warm; what serves is refused a successor. */
    @ParameterizedTest
    @ValueSource(strings = {"GRPC", "DELTA_GRPC"})
    void itChangesItsMind(String api) throws Exception {
        String warming = "name: \"w\" type: EDS connect_timeout { seconds: 1 } "
                + "eds_cluster_config { eds_config { resource_api_version: V3 initial_fetch_timeout { seconds: 300 } ads {} } }";
        try (ProxyProcess proxy = proxy(api)) {
            for (int i = 0; i < 20; i++) {
                xds.put("Cluster", "w", warming);
                xds.put(
                        "Cluster",
                        "c",
                        "name: \"c\" type: EDS connect_timeout { seconds: 1 } "
                                + "eds_cluster_config { eds_config { resource_api_version: V3 initial_fetch_timeout { seconds: 300 } ads {} } }");
                xds.put("RouteConfiguration", "r", routes("direct_response { status: 99 }"));
                xds.put("Cluster", "w", cluster("w", 1 + i));
                xds.remove("Cluster", "w");
                xds.put("Cluster", "c", cluster("c", 2 + i));
                xds.put("RouteConfiguration", "r", routes("route { cluster: \"c\" }"));
            }
            xds.put("Cluster", "w", cluster("w", 30));
            Sidecar.await(() -> proxy.get("/clusters").contains("w::"));
            Sidecar.await(() -> proxy.stat("cluster_manager.warming_clusters") == 0);
            allIsWell(proxy);
        }
    }
}
