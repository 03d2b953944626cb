package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Virtual hosts and clusters that are discovered when a request first needs them: the real Envoy and ours, with one server. */
@Timeout(120)
class OnDemandIT {
    static final String BOOTSTRAP = AdsBootstrap.CLUSTERS_AND_LISTENERS.replace("${api}", "DELTA_GRPC");

    static final String LISTENER = """
            name: "l"
            address { socket_address { address: "127.0.0.1" port_value: ${port} } }
            filter_chains { filters { name: "hcm" typed_config {
              [type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager] {
                stat_prefix: "t"
                rds { route_config_name: "r" config_source { resource_api_version: V3 ads {} } }
                access_log { name: "f" typed_config {
                  [type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog] {
                    path: "${log}" log_format { text_format_source { inline_string:
                      "%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %ROUTE_NAME% %UPSTREAM_CLUSTER% %BYTES_RECEIVED%\\n" } } } } }
                http_filters { name: "first" typed_config {
                  [type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault] {
                     delay { fixed_delay { nanos: 1000000 } percentage { numerator: 100 } } } } }
                http_filters { name: "od" typed_config {
                  [type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand] { ${odcds} } } }
                http_filters { name: "router" typed_config {
                  [type.googleapis.com/envoy.extensions.filters.http.router.v3.Router] {} } }
              } } } }
            """;

    private static final String TABLE = """
            name: "r" vhds { config_source { resource_api_version: V3 ads {} } }
            """;

    private static final String CLUSTER = """
            name: "${name}" type: STATIC connect_timeout { seconds: 1 } load_assignment { cluster_name: "${name}"
              endpoints { lb_endpoints { endpoint { address { socket_address { address: "127.0.0.1" port_value: ${upstream} } } } } } }
            """;

    private static final String ODCDS = """
            odcds { source { resource_api_version: V3 ads {} } timeout { ${timeout} } }
            """;

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ScriptedXds xds = new ScriptedXds(0);
    private HttpServer upstream;
    private int port;

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws IOException {
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            byte[] answer = (exchange.getRequestURI() + " " + body.length).getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        upstream.start();
        port = ProxyProcess.freePort();
    }

    @AfterEach
    void stop() {
        xds.close();
        upstream.stop(0);
    }

    private ProxyProcess proxy(ProxyProcess.Kind kind, String odcds, String... arguments) throws IOException {
        kind.need();
        xds.put("RouteConfiguration", "r", TABLE);
        xds.put("Cluster", "c", cluster("c"));
        xds.put("VirtualHost", "r/base", host("base.test", "route { cluster: \"c\" }"));
        xds.put(
                "Listener",
                "l",
                LISTENER.replace("${port}", Integer.toString(port))
                        .replace("${log}", log().toString())
                        .replace("${odcds}", odcds));
        ProxyProcess proxy =
                new ProxyProcess(kind, directory, BOOTSTRAP.replace("${xds}", Integer.toString(xds.port())), arguments);
        Sidecar.await(() -> up());
        return proxy;
    }

    private String cluster(String name) {
        return CLUSTER.replace("${name}", name)
                .replace("${upstream}", Integer.toString(upstream.getAddress().getPort()));
    }

    private static String host(String name, String action) {
        return "name: \"r/" + name + "\" domains: \"" + name + "\" routes { name: \"rt\" match { prefix: \"/\" } "
                + action + " }";
    }

    private boolean up() {
        try (Socket s = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return s.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private Path log() {
        return directory.resolve("access.log");
    }

    private HttpRequest.Builder request(String host, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("host", host)
                .timeout(Duration.ofSeconds(20));
    }

    private int get(String host, String path) {
        return send(request(host, path).build()).statusCode();
    }

    private HttpResponse<String> send(HttpRequest request) {
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private CompletableFuture<HttpResponse<String>> later(HttpRequest request) {
        return http.sendAsync(request, BodyHandlers.ofString());
    }

    private static String fault(int status) {
        return "typed_per_filter_config { key: \"first\" value { "
                + "[type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault] { abort { http_status: "
                + status + " percentage { numerator: 100 } } } } }";
    }

    private static final String NO_ODCDS = "typed_per_filter_config { key: \"od\" value { "
            + "[type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.PerRouteConfig] {} } }";

    private void awaitLog(String line) {
        Sidecar.await(() -> {
            try {
                return Files.exists(log()) && Files.readAllLines(log()).contains(line);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    private void end(ProxyProcess proxy) {
        assertThat(proxy.leaks()).isEmpty();
        assertThat(proxy.isAlive()).isTrue();
    }

    /** A host that nobody knows is asked for once; the request waits, with its body, and goes on by the route that came. */
    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void virtualHosts(ProxyProcess.Kind kind) throws Exception {
        xds.absent(ScriptedXds.Absent.EMPTY);
        xds.putByName("VirtualHost", "r/a.test", host("a.test", "route { cluster: \"c\" }" + fault(555)));
        xds.putByName("VirtualHost", "r/b.test", host("b.test", "route { cluster: \"c\" }"));
        xds.putByName("VirtualHost", "r/elsewhere.test", host("d.test", "route { cluster: \"c\" }"));
        try (ProxyProcess proxy = proxy(kind, "")) {
            assertThat(get("A.test", "/a")).isEqualTo(200);
            xds.awaitAsked("VirtualHost +r/a.test");
            awaitLog("/a 200 via_upstream DI rt c 0");
            assertThat(get("a.test", "/a2"))
                    .as("filters before the one that waits did their part by the route of before")
                    .isEqualTo(555);
            HttpResponse<String> posted = send(request("b.test", "/b")
                    .POST(HttpRequest.BodyPublishers.ofString("x".repeat(3_000_000)))
                    .build());
            assertThat(posted.body()).isEqualTo("/b 3000000");
            awaitLog("/b 200 via_upstream DI rt c 3000000");

            assertThat(get("absent.test", "/absent")).isEqualTo(404);
            assertThat(get("absent.test", "/absent")).isEqualTo(404);
            assertThat(get("elsewhere.test", "/elsewhere")).isEqualTo(404);
            awaitLog("/absent 404 route_not_found DI,NR - - 0");
            assertThat(get("absent.test:81", "/")).isEqualTo(404);
            assertThat(xds.asked())
                    .containsOnlyOnce("VirtualHost +r/absent.test")
                    .contains("VirtualHost +r/absent.test:81", "VirtualHost +r/elsewhere.test");

            xds.remove("VirtualHost", "r/b.test");
            Sidecar.await(() -> get("b.test", "/b2") == 404);
            assertThat(proxy.stats())
                    .containsEntry("http.t.rds.vhds.r.update_success", 7L)
                    .containsEntry("http.t.rds.vhds.r.config_reload", 7L)
                    .containsEntry("http.t.rds.vhds.r.update_rejected", 0L)
                    .containsEntry("http.t.rds.r.config_reload", 7L);
            xds.forgetAsked();
            xds.breakStreams();
            xds.awaitAsked("VirtualHost +* +r/a.test +r/absent.test +r/absent.test:81 +r/b.test +r/elsewhere.test"
                    + (kind == ProxyProcess.Kind.ENVOY
                            ? " has r/a.test has r/absent.test has r/absent.test:81 has r/base has r/elsewhere.test"
                            : " has r/a.test has r/base has r/elsewhere.test"));
            assertThat(get("a.test", "/a3")).isEqualTo(555);
            end(proxy);
        }
    }

    /** Who waits for a host waits until there is an answer, and no longer than its client does. */
    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void waiting(ProxyProcess.Kind kind) throws Exception {
        try (ProxyProcess proxy = proxy(kind, "")) {
            CompletableFuture<HttpResponse<String>> first =
                    later(request("x.test", "/x").build());
            xds.awaitAsked("VirtualHost +r/x.test");
            CompletableFuture<HttpResponse<String>> second = later(request("x.test", "/x2")
                    .POST(HttpRequest.BodyPublishers.ofString("body"))
                    .build());
            CompletableFuture<HttpResponse<String>> impatient =
                    later(request("x.test", "/gone").build());
            Sidecar.await(() -> proxy.stat("http.t.downstream_rq_active") == 3);
            impatient.cancel(true);
            awaitLog("/gone 0 downstream_remote_disconnect DI,DC - - 0");
            // One that is refused answers nobody: the server may have another.
            xds.put("VirtualHost", "r/x.test", host("x.test", "direct_response { status: 99 }"));
            Sidecar.await(() -> proxy.stat("http.t.rds.vhds.r.update_rejected") == 1);
            assertThat(proxy.stat("http.t.downstream_rq_active")).isEqualTo(2);
            assertThat(first).isNotDone();
            xds.put("VirtualHost", "r/x.test", host("x.test", "route { cluster: \"c\" }"));
            assertThat(first.get().statusCode()).isEqualTo(200);
            assertThat(second.get().body()).isEqualTo("/x2 4");
            assertThat(xds.asked()).containsOnlyOnce("VirtualHost +r/x.test");
            assertThat(proxy.stat("http.t.downstream_rq_active")).isZero();
            end(proxy);
        }
    }

    /** A table that has no hosts apart any more lets those go who wait for one; Envoy leaves them to their time-outs. */
    @Test
    void nobodyIsForgotten() throws Exception {
        try (ProxyProcess proxy = proxy(ProxyProcess.Kind.MISHAP, "")) {
            CompletableFuture<HttpResponse<String>> waits =
                    later(request("x.test", "/x").build());
            xds.awaitAsked("VirtualHost +r/x.test");
            xds.put(
                    "RouteConfiguration",
                    "r",
                    "name: \"r\" virtual_hosts { name: \"v\" domains: \"*\" routes {"
                            + " match { prefix: \"/\" } direct_response { status: 204 } } }");
            assertThat(waits.get().statusCode()).isEqualTo(204);
            assertThat(get("y.test", "/y")).isEqualTo(204);
            end(proxy);
        }
    }

    /** Clusters that routes or requests name come when they are first needed, or not. */
    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void clusters(ProxyProcess.Kind kind) throws Exception {
        xds.absent(ScriptedXds.Absent.REMOVED);
        xds.put("VirtualHost", "r/named", host("named.test", "route { cluster: \"later\" }" + fault(556)));
        xds.put("VirtualHost", "r/header", host("header.test", "route { cluster_header: \"x-c\" }"));
        xds.put("VirtualHost", "r/off", host("off.test", "route { cluster: \"later3\" }" + NO_ODCDS));
        xds.putByName("Cluster", "later2", cluster("later2"));
        xds.putByName("Cluster", "later3", cluster("later3"));
        xds.putByName("Cluster", "bad", "name: \"bad\" type: STATIC connect_timeout { seconds: -1 }");
        xds.putByName("VirtualHost", "r/both.test", host("both.test", "route { cluster: \"later\" }"));
        xds.putByName("Cluster", "later", cluster("later"));
        try (ProxyProcess proxy = proxy(kind, ODCDS.replace("${timeout}", "seconds: 20"))) {
            assertThat(get("both.test", "/both")).isEqualTo(200);
            awaitLog("/both 200 via_upstream DI rt later 0");
            assertThat(get("off.test", "/off")).isEqualTo(503);
            awaitLog("/off 503 cluster_not_found DI,NC rt - 0");
            HttpRequest.Builder post = request("header.test", "/header")
                    .header("x-c", "later2")
                    .POST(HttpRequest.BodyPublishers.ofString("body"));
            assertThat(send(post.build()).body()).isEqualTo("/header 4");
            assertThat(get("header.test", "/none")).isEqualTo(503);
            if (kind == ProxyProcess.Kind.MISHAP) {
                // A client must not have the server asked for everything.
                assertThat(send(request("header.test", "/all")
                                        .header("x-c", "*")
                                        .build())
                                .statusCode())
                        .isEqualTo(503);
                assertThat(xds.asked()).containsOnlyOnce("Cluster +*");
            }
            // What the server does not have, or has and is refused, is known at once.
            for (String wanted : List.of("absent", "bad")) {
                assertThat(send(request("header.test", "/" + wanted)
                                        .header("x-c", wanted)
                                        .build())
                                .statusCode())
                        .isEqualTo(503);
                awaitLog("/" + wanted + " 503 cluster_not_found DI,NC rt - 0");
            }
            assertThat(xds.asked())
                    .contains("Cluster +later", "Cluster +later2", "Cluster +absent", "Cluster +bad")
                    .doesNotContain("Cluster +later3");
            assertThat(proxy.stat("cluster_manager.odcds.update_success")).isEqualTo(3);
            // One that is asked for again may come late.
            CompletableFuture<HttpResponse<String>> late = later(
                    request("header.test", "/late").header("x-c", "absent").build());
            Sidecar.await(() -> proxy.stat("http.t.downstream_rq_active") == 1);
            xds.putByName("Cluster", "absent", cluster("absent"));
            assertThat(late.get().statusCode()).isEqualTo(200);
            assertThat(xds.asked()).containsOnlyOnce("Cluster +absent");
            end(proxy);
        }
    }

    /** The wait for a cluster ends with its time, which is that of the first who waits. */
    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void patience(ProxyProcess.Kind kind) throws Exception {
        xds.put("VirtualHost", "r/header", host("header.test", "route { cluster_header: \"x-c\" }"));
        try (ProxyProcess proxy = proxy(kind, ODCDS.replace("${timeout}", "nanos: 300000000"))) {
            long begun = System.nanoTime();
            assertThat(send(request("header.test", "/t").header("x-c", "never").build())
                            .statusCode())
                    .isEqualTo(503);
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThan(Duration.ofMillis(299));
            awaitLog("/t 503 cluster_not_found DI,NC rt - 0");
            end(proxy);
        }
    }

    /** A scope's table is fetched with the first request of the scope. */
    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void scopes(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        for (String scope : List.of("one", "two", "three")) {
            xds.put(
                    "ScopedRouteConfiguration",
                    scope,
                    "name: \"" + scope + "\" on_demand: "
                            + !scope.equals("three") + " route_configuration_name: \"of-" + scope
                            + "\" key { fragments { string_key: \"" + scope + "\" } }");
            xds.put(
                    "RouteConfiguration",
                    "of-" + scope,
                    "name: \"of-" + scope
                            + "\" virtual_hosts { name: \"v\" domains: \"*\" routes { name: \"" + scope
                            + "\" match { prefix: \"/\" } route { cluster: \"c\" } } }");
        }
        xds.put("Cluster", "c", cluster("c"));
        String scoped = "scoped_routes { name: \"s\" scope_key_builder { fragments { header_value_extractor {"
                + " name: \"x-s\" index: 0 } } } rds_config_source { resource_api_version: V3 ads {} }"
                + " scoped_rds { scoped_rds_config_source { resource_api_version: V3 ads {} } } }";
        xds.put(
                "Listener",
                "l",
                LISTENER.replace("${port}", Integer.toString(port))
                        .replace("${log}", log().toString())
                        .replace("${odcds}", "")
                        .replaceAll("rds \\{ route_config_name.*", scoped));
        try (ProxyProcess proxy =
                new ProxyProcess(kind, directory, BOOTSTRAP.replace("${xds}", Integer.toString(xds.port())))) {
            Sidecar.await(this::up);
            assertThat(scoped("three")).isEqualTo(200);
            assertThat(xds.asked()).contains("RouteConfiguration +of-three");
            Map<String, Long> before = proxy.stats();
            assertThat(before)
                    .containsEntry("http.t.scoped_rds.s.all_scopes", 3L)
                    .containsEntry("http.t.scoped_rds.s.on_demand_scopes", 2L)
                    .containsEntry("http.t.scoped_rds.s.active_scopes", 1L);
            assertThat(scoped("one")).isEqualTo(200);
            awaitLog("/one 200 via_upstream DI one c 0");
            assertThat(xds.asked()).contains("RouteConfiguration +of-one").doesNotContain("RouteConfiguration +of-two");
            assertThat(scoped("none")).isEqualTo(404);
            xds.quiet(true);
            CompletableFuture<HttpResponse<String>> waits =
                    later(request("x", "/two").header("x-s", "two").build());
            xds.awaitAsked("RouteConfiguration +of-two");
            assertThat(waits).isNotDone();
            xds.quiet(false);
            xds.breakStreams();
            assertThat(waits.get().statusCode()).isEqualTo(200);
            assertThat(proxy.stats())
                    .containsEntry("http.t.scoped_rds.s.on_demand_scopes", 2L)
                    .containsEntry("http.t.scoped_rds.s.active_scopes", 3L);
            end(proxy);
        }
    }

    private int scoped(String scope) {
        return send(request("x", "/" + scope).header("x-s", scope).build()).statusCode();
    }
}
