package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import com.sun.net.httpserver.HttpServer;
import dev.mishap.control.base.MessageReader;
import dev.mishap.control.base.MessageTypes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;

/**
 * What Istio's generators send to a sidecar, as {@code config_dump} of their own control plane shows it, served over ADS: all of it is
 * accepted, and the abort, the delay and the gRPC fault of the VirtualService are seen in traffic. Ports and the addresses of endpoints are the test's.
 */
@Timeout(120)
class IstioIT {
    private static final String BOOTSTRAP = """
            admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${admin} } } }
            node: { id: sidecar~127.0.0.1~app.default~default.svc.cluster.local, cluster: app.default }
            layered_runtime: { layers: [ { name: admin, admin_layer: {} } ] }
            dynamic_resources:
              ads_config:
                api_type: ${api}
                transport_api_version: V3
                set_node_on_first_message_only: true
                grpc_services: [ { envoy_grpc: { cluster_name: xds-grpc } } ]
              cds_config: { resource_api_version: V3, initial_fetch_timeout: 0s, ads: {} }
              lds_config: { resource_api_version: V3, initial_fetch_timeout: 0s, ads: {} }
            static_resources: { clusters: [ ${xds-grpc}, ${sds-grpc} ] }
            """;

    private static final String SERVER = """
            { name: ${name}, type: STATIC, connect_timeout: 1s, typed_extension_protocol_options: {
              envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {
                "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions,
                explicit_http_config: { http2_protocol_options: {} } } },
              load_assignment: { cluster_name: ${name}, endpoints: [ { lb_endpoints: [ { endpoint: { address: {
                socket_address: { address: 127.0.0.1, port_value: ${xds} } } } } ] } ] } }""";

    private static final Path DUMPS = Tools.root().resolve("deploy/src/test/istio-dumps");

    private final ScriptedXds xds = new ScriptedXds(0);
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private HttpServer upstream;
    private int port;
    private int listeners;
    private int clusters;

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws IOException {
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(200, 5);
            exchange.getResponseBody().write("hello".getBytes(StandardCharsets.US_ASCII));
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

    // ---- resources ----

    private static List<Map<String, Object>> list(Map<String, Object> in, String key) {
        @SuppressWarnings("unchecked")
        List<Map<String, Object>> found = (List<Map<String, Object>>) in.getOrDefault(key, List.of());
        return found;
    }

    private static Map<String, Object> map(Map<String, Object> in, String key) {
        @SuppressWarnings("unchecked")
        Map<String, Object> found = (Map<String, Object>) in.get(key);
        return found;
    }

    private static List<Map<String, Object>> configs(String dump) throws IOException {
        return list(new Yaml().load(Files.readString(DUMPS.resolve(dump + ".json"))), "configs");
    }

    private void serve(String dump) throws IOException {
        for (Map<String, Object> config : configs(dump)) {
            for (Map<String, Object> each : list(config, "dynamicActiveClusters")) {
                put("Cluster", map(each, "cluster"));
                clusters++;
            }
            for (Map<String, Object> each : list(config, "dynamicListeners")) {
                put("Listener", here(map(map(each, "activeState"), "listener")));
                listeners++;
            }
        }
        // Some dumps were taken before the routes had come; they are the same for all of a kind.
        for (Map<String, Object> config :
                configs(dump.startsWith("istio-none") ? "istio-none-sotw" : "istio-redirect-stocksafe")) {
            for (Map<String, Object> each : list(config, "dynamicRouteConfigs")) {
                put("RouteConfiguration", map(each, "routeConfig"));
            }
        }
        for (String name : List.of(
                "outbound|9080||reviews.example.com",
                "outbound|9080|v1|reviews.example.com",
                "outbound|9999||tcp.example.com")) {
            xds.put(
                    "ClusterLoadAssignment",
                    name,
                    "cluster_name: \"" + name + "\" endpoints { lb_endpoints { endpoint {"
                            + " address { socket_address { address: \"127.0.0.1\" port_value: "
                            + upstream.getAddress().getPort() + " } } } } }");
        }
        Path tls = Tools.root().resolve("proxy/src/test/resources/dev/mishap/proxy/tls");
        xds.put(
                "Secret",
                "default",
                "name: \"default\" tls_certificate { certificate_chain { filename: \"" + tls.resolve("server.crt")
                        + "\" } private_key { filename: \"" + tls.resolve("server.key") + "\" } }");
        xds.put(
                "Secret",
                "ROOTCA",
                "name: \"ROOTCA\" validation_context { trusted_ca { filename: \"" + tls.resolve("ca.crt") + "\" } }");
    }

    /** The listener on a port that is free; the one for the service's port takes connections even where Istio would have them redirected. */
    private Map<String, Object> here(Map<String, Object> listener) throws IOException {
        boolean service = listener.get("name").toString().endsWith("_9080");
        Map<String, Object> address = map(map(listener, "address"), "socketAddress");
        if (service) {
            listener.remove("bindToPort");
        }
        if (!Boolean.FALSE.equals(listener.get("bindToPort"))) {
            address.put("address", "127.0.0.1");
            address.put("portValue", service ? port : ProxyProcess.freePort());
        }
        return listener;
    }

    private void put(String type, Map<String, Object> resource) throws InvalidProtocolBufferException {
        Map<String, Object> fields = new LinkedHashMap<>(resource);
        fields.remove("@type");
        Message.Builder into = ScriptedXds.message(type, "").newBuilderForType();
        Message read = MessageReader.read(hide(fields), into, type).build();
        xds.put(type, fields.get("name").toString(), show(read));
    }

    /** Messages of Istio's own have no schema here: they travel as text until the rest is a message. */
    private static Object hide(Object tree) {
        if (tree instanceof List<?> list) {
            return list.stream().map(IstioIT::hide).toList();
        }
        if (!(tree instanceof Map<?, ?> map)) {
            return tree;
        }
        if (map.get("@type") instanceof String url && MessageTypes.find(name(url)) == null) {
            return Map.of("@type", "type.googleapis.com/google.protobuf.StringValue", "value", "istio " + url);
        }
        Map<String, Object> hidden = new LinkedHashMap<>();
        map.forEach((key, value) -> hidden.put(key.toString(), hide(value)));
        return hidden;
    }

    private static String name(String url) {
        return url.substring(url.lastIndexOf('/') + 1);
    }

    private static Message show(Message message) throws InvalidProtocolBufferException {
        if (message.getDescriptorForType().equals(Any.getDescriptor())) {
            return any(Any.parseFrom(message.toByteString()));
        }
        Message.Builder shown = message.toBuilder();
        for (Map.Entry<FieldDescriptor, Object> field : message.getAllFields().entrySet()) {
            FieldDescriptor f = field.getKey();
            if (f.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
                continue;
            }
            if (f.isRepeated()) {
                List<Message> all = new ArrayList<>();
                for (Object each : (List<?>) field.getValue()) {
                    all.add(show((Message) each));
                }
                shown.setField(f, all);
            } else {
                shown.setField(f, show((Message) field.getValue()));
            }
        }
        return shown.build();
    }

    private static Any any(Any packed) throws InvalidProtocolBufferException {
        if (packed.is(StringValue.class)) {
            String text = packed.unpack(StringValue.class).getValue();
            return Any.newBuilder()
                    .setTypeUrl(text.substring("istio ".length()))
                    .setValue(ByteString.copyFrom(new byte[] {10, 5, 'i', 's', 't', 'i', 'o'}))
                    .build();
        }
        Descriptor type = MessageTypes.find(name(packed.getTypeUrl()));
        assertThat(type).as(packed.getTypeUrl()).isNotNull();
        return packed.toBuilder()
                .setValue(
                        show(DynamicMessage.parseFrom(type, packed.getValue())).toByteString())
                .build();
    }

    // ---- traffic ----

    private HttpResponse<String> ask(String test) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                        .header("host", "reviews.example.com")
                        .header("x-test", test)
                        .header("content-type", test.equals("grpc") ? "application/grpc" : "text/plain")
                        .timeout(Duration.ofSeconds(20))
                        .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[5]))
                        .build(),
                BodyHandlers.ofString());
    }

    @ParameterizedTest
    @CsvSource({
        "istio-none-nomx, DELTA_GRPC, 2",
        "istio-none-sotw, GRPC, 2",
        "istio-none-stocksafe, DELTA_GRPC, 2",
        "istio-redirect-nomx, DELTA_GRPC, 4",
        "istio-redirect-stocksafe, GRPC, 4",
        "istio-redirect, DELTA_GRPC, 4",
        "istio-redirect, GRPC, 4"
    })
    void faultsOfAVirtualService(String dump, String api, int wanted) throws Exception {
        serve(dump);
        assertThat(listeners).isEqualTo(wanted);
        String server = SERVER.replace("${xds}", Integer.toString(xds.port()));
        try (ProxyProcess proxy = new ProxyProcess(
                ProxyProcess.Kind.MISHAP,
                directory,
                BOOTSTRAP
                        .replace("${api}", api)
                        .replace("${xds-grpc}", server.replace("${name}", "xds-grpc"))
                        .replace("${sds-grpc}", server.replace("${name}", "sds-grpc")))) {
            assertThat(ask("none").body()).isEqualTo("hello");
            assertThat(ask("abort").statusCode()).isEqualTo(418);
            long begun = System.nanoTime();
            assertThat(ask("delay").body()).isEqualTo("hello");
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThan(Duration.ofMillis(499));
            // The gRPC fault strikes one of a thousand; of a million parts, all now.
            http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + proxy.adminPort()
                                    + "/runtime_modify?fault.http.abort.abort_percent=1000000"))
                            .POST(HttpRequest.BodyPublishers.noBody())
                            .build(),
                    BodyHandlers.discarding());
            assertThat(ask("grpc").headers().firstValue("grpc-status")).contains("14");

            Map<String, Long> stats = proxy.stats();
            assertThat(stats)
                    .containsEntry("listener_manager.total_listeners_active", (long) listeners)
                    .containsEntry("cluster_manager.active_clusters", clusters + 2L)
                    .containsEntry("cluster_manager.warming_clusters", 0L)
                    .containsEntry("server.dynamic_unknown_fields", 0L);
            stats.forEach((name, value) -> {
                if (name.endsWith(".update_rejected") || name.endsWith(".update_failure")) {
                    assertThat(value).as(name).isZero();
                }
            });
            assertThat(xds.asked()).noneMatch(line -> line.contains("refused"));
            assertThat(proxy.leaks()).isEmpty();
        }
    }
}
