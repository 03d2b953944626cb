package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.TextFormat;
import com.google.protobuf.TypeRegistry;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.extensions.access_loggers.file.v3.FileAccessLog;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same configuration in all four forms, the protobuf ones made by the protobuf library, gives the same tree. */
class FormsTest {
    private static final String BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap";

    private static final String YAML = """
            node:
              id: n1
              metadata: {text: "a\\tb\\u00e9", number: 5, list: [true, null, {x: 'y'}], empty: {}}
              locality: {zone: z}
            stats_flush_interval: 1.250s
            static_resources:
              clusters:
              - name: u1
                connectTimeout: 0.000001s
                type: STRICT_DNS
                per_connection_buffer_limit_bytes: 0
                typed_extension_protocol_options: {}
                metadata: {filter_metadata: {ns: {a: 1, b: [x]}}}
                circuit_breakers: {thresholds: [{priority: HIGH, max_requests: 7, retry_budget: {budget_percent: {value: 12.5}}}]}
              listeners:
              - name: l1
                bind_to_port: false
                filter_chains:
                - filters:
                  - name: hcm
                    typed_config:
                      '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: x
                      route_config:
                        virtual_hosts:
                        - name: v
                          domains: ['*']
                          routes:
                          - match: {prefix: ''}
                            direct_response: {status: 200, body: {inline_bytes: AAH/}}
                            typed_per_filter_config:
                              f:
                                '@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
                                abort: {http_status: 503, percentage: {numerator: 1, denominator: MILLION}}
                      http_filters:
                      - name: envoy.filters.http.router
                        typed_config:
                          '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
            """;

    private static final String TEXT = """
            # the same in text format
            node < id: 'n1' metadata {
                fields { key: "text" value { string_value: "a\\tb" "\\303\\251" } }
                fields { key: "number" value { number_value: 5 } }
                fields { key: "list" value { list_value { values { bool_value: true } values { null_value: NULL_VALUE }
                         values { struct_value { fields { key: "x" value { string_value: "y" } } } } } } }
                fields { key: "empty" value { struct_value {} } }
              } locality { zone: "z" } >
            stats_flush_interval { seconds: 1, nanos: 250000000; }
            static_resources {
              clusters: [{
                name: "u1" connect_timeout { nanos: 1000 } type: STRICT_DNS
                per_connection_buffer_limit_bytes {}
                metadata { filter_metadata { key: "ns" value { fields { key: "a" value { number_value: 1 } }
                  fields { key: "b" value { list_value { values { string_value: "x" } } } } } } }
                circuit_breakers { thresholds { priority: HIGH max_requests { value: 7 } retry_budget { budget_percent { value: 12.5 } } } }
              }]
              listeners {
                name: "l1" bind_to_port { value: false }
                filter_chains { filters { name: "hcm" typed_config {
                  [type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager] {
                    stat_prefix: "x"
                    route_config { virtual_hosts { name: "v" domains: ["*"] routes {
                      match { prefix: "" }
                      direct_response { status: 200 body { inline_bytes: "\\000\\001\\xff" } }
                      typed_per_filter_config { key: "f" value {
                        [type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault] {
                          abort { http_status: 503 percentage { numerator: 1 denominator: MILLION } } } } }
                    } } }
                    http_filters { name: "envoy.filters.http.router" typed_config {
                      [type.googleapis.com/envoy.extensions.filters.http.router.v3.Router] {} } }
                  } } } }
              }
            }
            """;

    private static Bootstrap message() throws Exception {
        TypeRegistry types = TypeRegistry.newBuilder()
                .add(List.<Descriptor>of(
                        HttpConnectionManager.getDescriptor(),
                        HTTPFault.getDescriptor(),
                        Router.getDescriptor(),
                        FileAccessLog.getDescriptor()))
                .build();
        Bootstrap.Builder builder = Bootstrap.newBuilder();
        TextFormat.Parser.newBuilder().setTypeRegistry(types).build().merge(TEXT, builder);
        return builder.build();
    }

    @Test
    void allFormsGiveTheSameTree() throws Exception {
        ConfigNode yaml = ConfigReader.checkedYaml(BOOTSTRAP, YAML);
        ConfigNode text = ConfigReader.strict().textProto(BOOTSTRAP, TEXT);
        ConfigNode binary = ConfigReader.strict().binary(BOOTSTRAP, message().toByteArray(), "");
        assertThat(text.toJson()).isEqualTo(yaml.toJson());
        assertThat(binary.toJson()).isEqualTo(yaml.toJson());
        assertThat(yaml.toJson().toString())
                .startsWith("{node={id=n1, ")
                .contains(
                        "stats_flush_interval=1.250s",
                        "connect_timeout=0.000001s",
                        "per_connection_buffer_limit_bytes=0")
                .contains("bind_to_port=false", "inline_bytes=AAH/", "prefix=}", "budget_percent={value=12.5}");
    }

    @Test
    void filesAreReadByTheirNames(@TempDir Path dir) throws Exception {
        Path yaml = Files.writeString(dir.resolve("a.yml"), "node: {id: n1}");
        Path text = Files.writeString(dir.resolve("a.pb_text"), "node { id: \"n1\" }");
        Path json = Files.writeString(dir.resolve("a.conf"), "{\"node\": {\"id\": \"n1\"}}");
        Bootstrap message =
                Bootstrap.newBuilder().setNode(Node.newBuilder().setId("n1")).build();
        Path binary = Files.write(dir.resolve("a.pb"), message.toByteArray());
        for (Path file : List.of(yaml, text, json, binary)) {
            assertThat(ConfigReader.strict()
                            .file(BOOTSTRAP, file)
                            .required("node")
                            .string("id"))
                    .as("%s", file)
                    .isEqualTo("n1");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{ unknown: ", "[{ unknown: "})
    void textThatIsNestedWithoutEndIsRefused(String open) {
        String text = "unknown: " + open.repeat(200_000);
        assertThatThrownBy(() -> ConfigReader.lenient().textProto(BOOTSTRAP, text))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("nested deeper than 100");
    }

    @Test
    void anyInAnyWithoutEndIsRefused() throws Exception {
        String url = "type.googleapis.com/google.protobuf.Any";
        String open = "[" + url + "] { ";
        String text = "static_resources { clusters { typed_extension_protocol_options { key: 'x' value { "
                + open.repeat(50_000);
        assertThatThrownBy(() -> ConfigReader.strict().textProto(BOOTSTRAP, text))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("nested deeper than 100");

        Any nested = Any.getDefaultInstance();
        for (int i = 0; i < 3_000; i++) {
            nested = Any.newBuilder()
                    .setTypeUrl(url)
                    .setValue(ByteString.copyFrom(nested.toByteArray()))
                    .build();
        }
        byte[] bytes = Bootstrap.newBuilder()
                .setStaticResources(Bootstrap.StaticResources.newBuilder()
                        .addClusters(Cluster.newBuilder().putTypedExtensionProtocolOptions("x", nested)))
                .build()
                .toByteArray();
        assertThatThrownBy(() -> ConfigReader.strict().binary(BOOTSTRAP, bytes, ""))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("nested deeper than 100");
    }
}
