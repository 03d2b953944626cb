package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import com.google.protobuf.TypeRegistry;
import com.sun.net.httpserver.HttpServer;
import dev.mishap.control.http.Admission;
import dev.mishap.control.http.HttpOptions;
import dev.mishap.control.http.RequestCounts;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Credentials;
import dev.mishap.control.xds.ConnectedStream;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.TypeStatus;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.control.xds.ViewUpdate;
import dev.mishap.control.xds.XdsServer;
import dev.mishap.control.xds.rest.RestDiscovery;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.service.runtime.v3.Runtime;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Our xDS server and proxies with Envoy's command line, the real one and ours: what the server says is what traffic sees. */
@Timeout(120)
class XdsServerIT {
    private static final TypeRegistry TYPES = TypeRegistry.newBuilder()
            .add(HttpConnectionManager.getDescriptor())
            .add(Router.getDescriptor())
            .add(HTTPFault.getDescriptor())
            .build();

    private static final String BOOTSTRAP = """
            layered_runtime:
              layers:
                - name: rtds
                  rtds_layer: { name: switch, rtds_config: { resource_api_version: V3, ads: {} } }
            """ + AdsBootstrap.CLUSTERS_AND_LISTENERS;

    private static final String LISTENER = """
            name: "l"
            address { socket_address { address: "127.0.0.1" port_value: ${port} } }
            filter_chains { filters { name: "hcm" typed_config {
              [type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager] {
                stat_prefix: "t"
                rds { route_config_name: "r" config_source { resource_api_version: V3 ads {} } }
                http_filters { name: "f" config_discovery {
                  config_source { resource_api_version: V3 ads {} }
                  type_urls: "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
                  default_config { [type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault] {} }
                } }
                http_filters { name: "router" typed_config {
                  [type.googleapis.com/envoy.extensions.filters.http.router.v3.Router] {} } }
              } } } }
            """;

    private static final String CLUSTER = """
            name: "${name}" type: EDS connect_timeout { seconds: 1 }
            eds_cluster_config { eds_config { resource_api_version: V3 ads {} } }
            """;

    private static final String ENDPOINTS = """
            cluster_name: "${name}" endpoints { locality { zone: "z" } load_balancing_weight { value: 1 } lb_endpoints { endpoint {
              address { socket_address { address: "127.0.0.1" port_value: ${port} } } } } }
            """;

    private static final String ROUTES = """
            name: "r" virtual_hosts { name: "v" domains: "*" routes { match { prefix: "/" } ${action} } }
            """;

    private static final String FAULT = """
            name: "f" typed_config { [type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault] {
              abort { http_status: ${status} percentage { numerator: 100 } } } }
            """;

    private final ResourceLayer base = ResourceLayer.named("base");
    private final HttpClient http = HttpClient.newHttpClient();
    private HttpServer upstream;
    private XdsServer server;
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
        ResourceView all = ResourceView.of(base);
        server = XdsServer.builder((node, peer) -> all)
                .loadInterval(Duration.ofMillis(200))
                .start();
        base.update(new ViewUpdate()
                .put(resource(Listener.newBuilder(), LISTENER.replace("${port}", Integer.toString(port))))
                .put(resource(Cluster.newBuilder(), CLUSTER.replace("${name}", "c1")))
                .put(endpoints("c1"))
                .put(routes("route { cluster: \"c1\" }"))
                // In the state of the world nobody can be told that these are not there.
                .put(noFault())
                .put(resource(Runtime.newBuilder(), "name: \"switch\" layer {}")));
    }

    @AfterEach
    void stop() {
        server.close();
        upstream.stop(0);
    }

    private static Resource resource(Message.Builder builder, String text) {
        try {
            TextFormat.Parser.newBuilder().setTypeRegistry(TYPES).build().merge(text, builder);
        } catch (TextFormat.ParseException e) {
            throw new AssertionError(text, e);
        }
        return Resource.of(builder.build());
    }

    private Resource endpoints(String name) {
        return resource(
                ClusterLoadAssignment.newBuilder(),
                ENDPOINTS
                        .replace("${name}", name)
                        .replace(
                                "${port}",
                                Integer.toString(upstream.getAddress().getPort())));
    }

    private static Resource routes(String action) {
        return resource(RouteConfiguration.newBuilder(), ROUTES.replace("${action}", action));
    }

    private static Resource fault(int status) {
        return resource(TypedExtensionConfig.newBuilder(), FAULT.replace("${status}", Integer.toString(status)));
    }

    private ProxyProcess proxy(ProxyProcess.Kind kind, String api) throws IOException {
        return proxy(kind, api, "");
    }

    private ProxyProcess proxy(ProxyProcess.Kind kind, String api, String more) throws IOException {
        kind.need();
        ProxyProcess proxy = new ProxyProcess(
                kind,
                directory,
                BOOTSTRAP.replace("${api}", api).replace("${xds}", Integer.toString(server.port())) + more);
        Sidecar.await(() -> status() == 200);
        return proxy;
    }

    private int status() {
        try {
            HttpResponse<Void> response = http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                            .timeout(Duration.ofSeconds(10))
                            .build(),
                    BodyHandlers.discarding());
            return response.statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void awaitStatus(int wanted) {
        Sidecar.await(() -> status() == wanted);
    }

    private ConnectedStream stream() {
        return server.fleet().streams("it-node").iterator().next();
    }

    private TypeStatus type(String typeUrl) {
        return stream().types().stream()
                .filter(t -> t.typeUrl().equals(typeUrl))
                .findFirst()
                .orElseThrow(() -> new AssertionError(typeUrl + " is not asked for"));
    }

    private void awaitState(String typeUrl, TypeStatus.State state) {
        Sidecar.await(() -> type(typeUrl).state() == state);
    }

    @ParameterizedTest
    @CsvSource({"ENVOY,GRPC", "ENVOY,DELTA_GRPC", "MISHAP,GRPC", "MISHAP,DELTA_GRPC"})
    void faultsRoutesAndRefusals(ProxyProcess.Kind kind, String api) throws Exception {
        try (ProxyProcess proxy = proxy(kind, api)) {
            assertThat(stream().delta()).isEqualTo(api.startsWith("DELTA"));
            assertThat(stream().node().cluster()).isEqualTo("it");

            base.update(new ViewUpdate().put(fault(503)));
            awaitStatus(503);
            awaitState(TypeUrls.EXTENSION_CONFIG, TypeStatus.State.ACKED);

            // One that is refused: the one of before stays, and is told to be in the fleet.
            base.update(new ViewUpdate().put(fault(99)));
            awaitState(TypeUrls.EXTENSION_CONFIG, TypeStatus.State.NACKED);
            assertThat(type(TypeUrls.EXTENSION_CONFIG).nack().message()).isNotEmpty();
            assertThat(status()).isEqualTo(503);
            base.update(new ViewUpdate().put(fault(504)));
            awaitStatus(504);
            base.update(new ViewUpdate().put(fault(503)).put(routes("direct_response { status: 418 }")));
            base.update(new ViewUpdate().put(noFault()));
            awaitStatus(418);
            base.update(new ViewUpdate().put(routes("route { cluster: \"c1\" }")));
            awaitStatus(200);
            Sidecar.await(() -> stream().types().stream().noneMatch(t -> t.state() == TypeStatus.State.SENT));
            assertThat(stream().types()).noneMatch(t -> t.state() == TypeStatus.State.NACKED);
            assertThat(proxy.isAlive()).isTrue();
        }
    }

    private static Resource noFault() {
        return resource(
                TypedExtensionConfig.newBuilder(),
                "name: \"f\" typed_config { [type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault] {} }");
    }

    /** A cluster takes the place of another, over and over, under load: no request fails. */
    @ParameterizedTest
    @CsvSource({"ENVOY,GRPC", "ENVOY,DELTA_GRPC", "MISHAP,GRPC", "MISHAP,DELTA_GRPC"})
    void noRequestFailsBecauseOfAnUpdate(ProxyProcess.Kind kind, String api) throws Exception {
        try (ProxyProcess proxy = proxy(kind, api)) {
            for (int i = 2; i < 12; i++) {
                String name = "c" + i;
                base.update(new ViewUpdate()
                        .put(routes("route { cluster: \"" + name + "\" }"))
                        .put(resource(Cluster.newBuilder(), CLUSTER.replace("${name}", name)))
                        .put(endpoints(name))
                        .remove(TypeUrls.CLUSTER, "c" + (i - 1))
                        .remove(TypeUrls.ENDPOINT, "c" + (i - 1)));
                Sidecar.await(() -> {
                    assertThat(status()).isEqualTo(200);
                    return proxy.get("/config_dump?resource=dynamic_active_clusters")
                                    .contains("\"" + name + "\"")
                            && stream().types().stream().noneMatch(t -> t.state() == TypeStatus.State.SENT);
                });
            }
            Sidecar.await(() -> {
                assertThat(status()).isEqualTo(200);
                return !proxy.get("/clusters").contains("c10::");
            });
            assertThat(proxy.get("/clusters")).contains("c11::").doesNotContain("c1::");
        }
    }

    /** With heartbeats a fault outlives its time to live; without a server it ends. */
    @ParameterizedTest
    @CsvSource({"ENVOY,GRPC", "ENVOY,DELTA_GRPC", "MISHAP,GRPC", "MISHAP,DELTA_GRPC"})
    void aFaultLivesAsLongAsTheServer(ProxyProcess.Kind kind, String api) throws Exception {
        try (ProxyProcess proxy = proxy(kind, api)) {
            base.update(new ViewUpdate()
                    .put(fault(503).withTtl(Duration.ofMillis(900)))
                    .put(resource(
                                    Runtime.newBuilder(),
                                    "name: \"switch\" layer { fields { key: \"it.key\" value { number_value: 7 } } }")
                            .withTtl(Duration.ofMillis(900))));
            awaitStatus(503);
            Sidecar.await(() -> proxy.get("/runtime").contains("it.key"));
            long until = System.nanoTime() + Duration.ofSeconds(3).toNanos();
            Sidecar.await(() -> {
                assertThat(status()).isEqualTo(503);
                return System.nanoTime() > until;
            });
            assertThat(proxy.get("/runtime")).contains("it.key");
            server.close();
            awaitStatus(200);
            Sidecar.await(() -> !proxy.get("/runtime").contains("it.key"));
        }
    }

    /** What a proxy sends where, by its own account. */
    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void loadReports(ProxyProcess.Kind kind) throws Exception {
        String reports = """
                cluster_manager:
                  load_stats_config:
                    api_type: GRPC
                    transport_api_version: V3
                    grpc_services: [ { envoy_grpc: { cluster_name: control } } ]
                """;
        try (ProxyProcess proxy = proxy(kind, "GRPC", reports)) {
            Sidecar.await(() -> {
                assertThat(status()).isEqualTo(200);
                return server.loads().of("it-node").stream()
                        .filter(report -> report.cluster().equals("c1"))
                        .flatMap(report -> report.localities().stream())
                        .anyMatch(where -> where.zone().equals("z") && where.succeeded() > 0 && where.issued() > 0);
            });
            assertThat(proxy.get("/stats?filter=load_reporter.errors")).contains("load_reporter.errors: 0");
        }
    }

    /** Proxies that poll, by REST. */
    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void polling(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        Admission everyNode = new Admission() {
            @Override
            public Caller admit(Credentials credentials) {
                return admitAnyone(credentials);
            }

            @Override
            public Caller admitAnyone(Credentials credentials) {
                return new Caller("node", credentials.address(), List.of());
            }
        };
        dev.mishap.control.http.HttpServer rest = dev.mishap.control.http.HttpServer.start(
                new RestDiscovery(server.polling()).routes(),
                everyNode,
                HttpOptions.at("127.0.0.1", 0),
                new RequestCounts(),
                null);
        String source = "api_config_source { api_type: REST transport_api_version: V3 cluster_names: \"control\" "
                + "refresh_delay { nanos: 100000000 } request_timeout { seconds: 5 } }";
        base.update(new ViewUpdate()
                .put(resource(
                        Listener.newBuilder(),
                        LISTENER.replace("${port}", Integer.toString(port)).replace("ads {}", source)))
                .put(resource(
                        Cluster.newBuilder(), CLUSTER.replace("${name}", "c1").replace("ads {}", source))));
        String yaml = "api_config_source: { api_type: REST, transport_api_version: V3, cluster_names: [control], "
                + "refresh_delay: 0.1s, request_timeout: 5s }";
        String bootstrap = BOOTSTRAP
                .replaceAll("(?s)  ads_config:.*?  cds_config", "  cds_config")
                .replaceAll("(?s)typed_extension_protocol_options:.*?load_assignment", "load_assignment")
                .replace("ads: {}", yaml)
                .replace("${xds}", Integer.toString(rest.address().getPort()));
        try (ProxyProcess proxy = new ProxyProcess(kind, directory, bootstrap)) {
            awaitStatus(200);
            base.update(new ViewUpdate().put(fault(503)));
            awaitStatus(503);
            base.update(new ViewUpdate().put(noFault()).put(routes("direct_response { status: 418 }")));
            awaitStatus(418);
            assertThat(proxy.stat("cluster_manager.cds.update_rejected")).isZero();
            assertThat(proxy.stat("cluster_manager.cds.update_failure")).isZero();
        } finally {
            rest.close();
        }
    }

    /** A proxyless client: listener, routes, clusters and endpoints by name, and a fault in a route. */
    @Test
    void proxylessClient() throws Exception {
        Tools.need("python3", "-c", "import grpc");
        MethodDescriptor.Marshaller<byte[]> bytes = new MethodDescriptor.Marshaller<>() {
            @Override
            public InputStream stream(byte[] value) {
                return new ByteArrayInputStream(value);
            }

            @Override
            public byte[] parse(InputStream stream) {
                return new byte[0];
            }
        };
        MethodDescriptor<byte[], byte[]> method = MethodDescriptor.newBuilder(bytes, bytes)
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName("test.Echo/Call")
                .build();
        io.grpc.Server echo = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .addService(ServerServiceDefinition.builder("test.Echo")
                        .addMethod(method, ServerCalls.asyncUnaryCall((request, answer) -> {
                            answer.onNext(request);
                            answer.onCompleted();
                        }))
                        .build())
                .build()
                .start();
        base.update(new ViewUpdate()
                .put(resource(Listener.newBuilder(), API_LISTENER))
                .put(resource(Cluster.newBuilder(), CLUSTER.replace("${name}", "echo")))
                .put(resource(
                        ClusterLoadAssignment.newBuilder(),
                        ENDPOINTS.replace("${name}", "echo").replace("${port}", Integer.toString(echo.getPort()))))
                .put(routes("route { cluster: \"echo\" }")));
        Path file = Files.writeString(directory.resolve("bootstrap.json"), """
                {"xds_servers": [{"server_uri": "127.0.0.1:%d", "channel_creds": [{"type": "insecure"}],
                 "server_features": ["xds_v3"]}], "node": {"id": "it-node", "cluster": "it"}}
                """.formatted(server.port()));
        ProcessBuilder builder = new ProcessBuilder("python3", "-u", "-c", CALLER)
                .redirectError(directory.resolve("caller.log").toFile());
        builder.environment().put("GRPC_XDS_BOOTSTRAP", file.toString());
        Process caller = builder.start();
        try (BufferedReader out = caller.inputReader()) {
            awaitLine(out, "OK");
            base.update(new ViewUpdate()
                    .put(routes("route { cluster: \"echo\" } typed_per_filter_config { key: \"f\" "
                            + "value { [type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault] { "
                            + "abort { grpc_status: 8 percentage { numerator: 100 } } } } }")));
            awaitLine(out, "RESOURCE_EXHAUSTED");
            base.update(new ViewUpdate().put(routes("route { cluster: \"echo\" }")));
            awaitLine(out, "OK");
            assertThat(stream().node().userAgent()).startsWith("gRPC");
            assertThat(stream().types()).hasSize(4).noneMatch(t -> t.state() == TypeStatus.State.NACKED);
        } finally {
            caller.destroy();
            caller.waitFor();
            echo.shutdownNow();
        }
    }

    private static void awaitLine(BufferedReader out, String wanted) throws IOException {
        String line = out.readLine();
        while (line != null && !line.equals(wanted)) {
            line = out.readLine();
        }
        assertThat(line).as("the client ended").isNotNull();
    }

    private static final String API_LISTENER = """
            name: "echo" api_listener { api_listener {
              [type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager] {
                rds { route_config_name: "r" config_source { resource_api_version: V3 ads {} } }
                http_filters { name: "f" typed_config {
                  [type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault] {} } }
                http_filters { name: "router" typed_config {
                  [type.googleapis.com/envoy.extensions.filters.http.router.v3.Router] {} } }
              } } }
            """;

    private static final String CALLER = """
            import grpc, time
            call = grpc.insecure_channel("xds:///echo").unary_unary("/test.Echo/Call")
            while True:
                try:
                    call(b"x", timeout=10)
                    print("OK")
                except grpc.RpcError as e:
                    print(e.code().name)
                time.sleep(0.01)
            """;
}
