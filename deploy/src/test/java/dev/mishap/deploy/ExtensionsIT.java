package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import com.google.protobuf.TypeRegistry;
import com.sun.net.httpserver.HttpServer;
import dev.mishap.control.rules.RuleProtos;
import dev.mishap.control.xds.ConnectedStream;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.TypeStatus;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.control.xds.ViewUpdate;
import dev.mishap.control.xds.XdsServer;
import dev.mishap.filters.http.fault.v1.HttpFault;
import dev.mishap.filters.network.fault.v1.NetworkFault;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.v1.FaultRule;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our extensions, pushed by our xDS server under one connection that lives through it all. */
@Timeout(120)
class ExtensionsIT {
    private static final TypeRegistry TYPES = TypeRegistry.newBuilder()
            .add(HttpConnectionManager.getDescriptor())
            .add(Router.getDescriptor())
            .add(HttpFault.getDescriptor())
            .add(NetworkFault.getDescriptor())
            .build();

    private static final String BOOTSTRAP = """
            admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${admin} } } }
            node: { id: it-node, cluster: it }
            dynamic_resources:
              ads_config:
                api_type: ${api}
                transport_api_version: V3
                grpc_services: [ { envoy_grpc: { cluster_name: control } } ]
              lds_config: { resource_api_version: V3, ads: {} }
            static_resources:
              clusters:
                - name: control
                  connect_timeout: 1s
                  typed_extension_protocol_options:
                    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                      "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                      explicit_http_config: { http2_protocol_options: {} }
                  load_assignment:
                    cluster_name: control
                    endpoints: [ { lb_endpoints: [ { endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${xds} } } } } ] } ]
                - name: service
                  connect_timeout: 1s
                  load_assignment:
                    cluster_name: service
                    endpoints: [ { lb_endpoints: [ { endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${service} } } } } ] } ]
            """;

    private static final String LISTENER = """
            name: "l"
            address { socket_address { address: "127.0.0.1" port_value: ${port} } }
            filter_chains {
              filters { name: "connections" config_discovery {
                config_source { resource_api_version: V3 ads {} }
                type_urls: "type.googleapis.com/mishap.filters.network.fault.v1.NetworkFault"
                default_config { [type.googleapis.com/mishap.filters.network.fault.v1.NetworkFault] {} } } }
              filters { name: "hcm" typed_config {
                [type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager] {
                  stat_prefix: "t"
                  route_config { virtual_hosts { name: "v" domains: "*" routes { match { prefix: "/" } route { cluster: "service" } } } }
                  http_filters { name: "requests" config_discovery {
                    config_source { resource_api_version: V3 ads {} }
                    type_urls: "type.googleapis.com/mishap.filters.http.fault.v1.HttpFault"
                    default_config { [type.googleapis.com/mishap.filters.http.fault.v1.HttpFault] {} } } }
                  http_filters { name: "router" typed_config {
                    [type.googleapis.com/envoy.extensions.filters.http.router.v3.Router] {} } }
                } } } }
            """;

    private final ResourceLayer base = ResourceLayer.named("base");
    private HttpServer service;
    private XdsServer server;
    private int port;

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws IOException {
        service = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        service.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write(new byte[] {'o', 'k'});
            exchange.close();
        });
        service.start();
        port = ProxyProcess.freePort();
        ResourceView all = ResourceView.of(base);
        server = XdsServer.builder((node, peer) -> all).start();
        base.update(new ViewUpdate()
                .put(listener())
                .put(config("requests", HttpFault.getDefaultInstance()))
                .put(config("connections", NetworkFault.getDefaultInstance())));
    }

    @AfterEach
    void stop() {
        server.close();
        service.stop(0);
    }

    private Resource listener() {
        Listener.Builder listener = Listener.newBuilder();
        try {
            TextFormat.Parser.newBuilder()
                    .setTypeRegistry(TYPES)
                    .build()
                    .merge(LISTENER.replace("${port}", Integer.toString(port)), listener);
        } catch (TextFormat.ParseException e) {
            throw new AssertionError(e);
        }
        return Resource.of(listener.build());
    }

    private static Resource config(String name, Message message) {
        return Resource.of(TypedExtensionConfig.newBuilder()
                .setName(name)
                .setTypedConfig(Any.pack(message))
                .build());
    }

    private static List<FaultRule> rules(String... lines) {
        int[] number = {0};
        return Arrays.stream(lines)
                .map(line -> RuleProtos.toProto(RuleLine.parse(line, "r" + ++number[0])))
                .toList();
    }

    private static Resource requests(String... lines) {
        return config(
                "requests", HttpFault.newBuilder().addAllRules(rules(lines)).build());
    }

    private static Resource connections(String... lines) {
        return config(
                "connections",
                NetworkFault.newBuilder().addAllRules(rules(lines)).build());
    }

    private ProxyProcess proxy(String api) throws IOException {
        ProxyProcess proxy = new ProxyProcess(
                ProxyProcess.Kind.MISHAP,
                directory,
                BOOTSTRAP
                        .replace("${api}", api)
                        .replace("${xds}", Integer.toString(server.port()))
                        .replace(
                                "${service}",
                                Integer.toString(service.getAddress().getPort())));
        Sidecar.await(() -> proxy.get("/listeners").contains("l::"));
        return proxy;
    }

    private TypeStatus configs() {
        ConnectedStream stream = server.fleet().streams("it-node").iterator().next();
        return stream.types().stream()
                .filter(t -> t.typeUrl().equals(TypeUrls.EXTENSION_CONFIG))
                .findFirst()
                .orElseThrow();
    }

    private void push(Resource resource, TypeStatus.State then) {
        String before = configs().nonce();
        base.update(new ViewUpdate().put(resource));
        Sidecar.await(() -> !configs().nonce().equals(before) && configs().state() == then);
    }

    private static int status(RawHttp client) throws IOException {
        client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        RawHttp.Answer answer = client.read();
        assertThat(answer.end()).isEqualTo(RawHttp.End.KEPT);
        return answer.status();
    }

    private static long millis(RawHttp client) throws IOException {
        long start = System.nanoTime();
        assertThat(status(client)).isEqualTo(200);
        return (System.nanoTime() - start) / 1_000_000;
    }

    @ParameterizedTest
    @ValueSource(strings = {"GRPC", "DELTA_GRPC"})
    void rulesComeAndGoUnderAConnectionThatLives(String api) throws Exception {
        try (ProxyProcess proxy = proxy(api);
                RawHttp client = new RawHttp(port)) {
            assertThat(status(client)).isEqualTo(200);

            push(requests("abort 503 experiment E1"), TypeStatus.State.ACKED);
            assertThat(status(client)).isEqualTo(503);

            // What cannot act there is refused by its field, and the one of before stays.
            push(requests("latency 1s"), TypeStatus.State.NACKED);
            assertThat(configs().nack().message())
                    .contains("typed_config.rules[0].latency: acts on a connection", "mishap.filters.network.fault");
            assertThat(status(client)).isEqualTo(503);

            push(requests(), TypeStatus.State.ACKED);
            assertThat(status(client)).isEqualTo(200);

            push(connections("latency 60ms downstream as slow"), TypeStatus.State.ACKED);
            Sidecar.await(
                    () -> proxy.get("/stats?filter=mishap.rule.slow.touched").contains(": 1\n"));
            assertThat(proxy.get("/stats?filter=mishap.rule.r1.touched")).contains(": 2\n");
            assertThat(millis(client)).isGreaterThanOrEqualTo(60);

            push(connections(), TypeStatus.State.ACKED);
            Sidecar.await(
                    () -> proxy.get("/stats?filter=active_connection_faults").contains(": 0"));
            assertThat(status(client)).isEqualTo(200);

            String listener = "listener.127.0.0.1_" + port + ".";
            assertThat(proxy.get("/stats?filter=downstream_cx_"))
                    .contains(listener + "downstream_cx_total: 1\n", listener + "downstream_cx_destroy: 0\n");
            assertThat(proxy.get("/stats?filter=listener_manager"))
                    .contains("listener_added: 1\n", "listener_modified: 0\n");
        }
    }

    /** A control plane that is gone takes its faults with it: what is not renewed ends on the proxy. */
    @ParameterizedTest
    @ValueSource(strings = {"GRPC", "DELTA_GRPC"})
    void rulesEndWithTheServerThatSaidThem(String api) throws Exception {
        try (ProxyProcess proxy = proxy(api);
                RawHttp client = new RawHttp(port)) {
            push(requests("abort 503").withTtl(Duration.ofMillis(900)), TypeStatus.State.ACKED);
            assertThat(status(client)).isEqualTo(503);
            long until = System.nanoTime() + Duration.ofSeconds(2).toNanos();
            Sidecar.await(() -> {
                assertThat(tryStatus(client)).isEqualTo(503);
                return System.nanoTime() > until;
            });

            server.close();

            Sidecar.await(() -> tryStatus(client) == 200);
            assertThat(proxy.isAlive()).isTrue();
        }
    }

    private static int tryStatus(RawHttp client) {
        try {
            return status(client);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What the control plane's messages say, the proxy reads: every fault that it can have there. */
    @ParameterizedTest
    @ValueSource(strings = {"DELTA_GRPC"})
    void everyFaultIsTaken(String api) throws Exception {
        try (ProxyProcess proxy = proxy(api)) {
            push(
                    requests(
                            "abort 503 body \"a b\" 40% when header x-user-tier = canary for 2m",
                            "abort grpc UNAVAILABLE max 5% max 10 concurrent seed 42",
                            "delay 100ms 10% when path ^= /pay and method = GET",
                            "rate-limit 64KiB/s cohort 5% by header x-user-id seeded s",
                            "reset 10% on listener in from 10.0.0.0/8 ramp 30s tag baggage",
                            "delay 1ms when header x in [1,5) and not header y present max 50/s priority -3"),
                    TypeStatus.State.ACKED);
            push(
                    connections(
                            "refuse 5% from 10.0.0.0/8",
                            "black-hole when port = 5432",
                            "timeout 5s 1%",
                            "flap up 10s down 2s when port = 1",
                            "connection-limit 1000 queue",
                            "exhaust-pool 10 close when port = 1",
                            "connect-delay 1ms jitter 1ms",
                            "latency 1ms jitter 1ms upstream cohort 5% by source",
                            "bandwidth 1GiB/s downstream",
                            "slice 10 bytes vary 5 every 1ms when port = 1",
                            "limit-data 1000 bytes when sni $= .internal",
                            "corrupt 0.1% at 16 when port = 1",
                            "corrupt pattern deadbeef at 16 when port = 1",
                            "close after 5s when port = 1",
                            "reset-connection after 100 bytes when port = 1",
                            "half-open after 5s when port = 1",
                            "slow-close 1s when port = 1"),
                    TypeStatus.State.ACKED);
            assertThat(proxy.isAlive()).isTrue();
        }
    }
}
