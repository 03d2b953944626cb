package dev.mishap.control.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.service.runtime.v3.Runtime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;

class MessageReaderTest {
    private static Object yaml(String text) {
        return new Yaml().load(text);
    }

    @Test
    void readsWhatEnvoyReads() throws Exception {
        Listener listener =
                MessageReader.read(yaml("""
                name: in
                address: {socket_address: {address: 127.0.0.1, portValue: 10000}}
                filter_chains:
                - filters:
                  - name: hcm
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: in
                      codec_type: HTTP2
                      stream_idle_timeout: 0.25s
                      common_http_protocol_options: {max_connection_duration: 3600s}
                      http_filters: {name: router}
                      request_timeout: 1.5s
                """), Listener.newBuilder(), "").build();

        assertThat(listener.getAddress().getSocketAddress().getPortValue()).isEqualTo(10000);
        HttpConnectionManager hcm =
                listener.getFilterChains(0).getFilters(0).getTypedConfig().unpack(HttpConnectionManager.class);
        assertThat(hcm.getCodecType()).isEqualTo(HttpConnectionManager.CodecType.HTTP2);
        assertThat(hcm.getStreamIdleTimeout().getNanos()).isEqualTo(250_000_000);
        assertThat(hcm.getHttpFilters(0).getName()).isEqualTo("router");
    }

    @Test
    void structsWrappersMapsAndEnumsByNumber() {
        Runtime runtime = MessageReader.read(
                        yaml("{name: r, layer: {a.b: 1, c: {numerator: 5, denominator: HUNDRED}, d: [true, null, x]}}"),
                        Runtime.newBuilder(),
                        "")
                .build();
        assertThat(runtime.getLayer().getFieldsOrThrow("a.b").getNumberValue()).isEqualTo(1);
        assertThat(runtime.getLayer().getFieldsOrThrow("d").getListValue().getValuesCount())
                .isEqualTo(3);
        Cluster cluster = MessageReader.read(
                        yaml("{name: c, type: 1, per_connection_buffer_limit_bytes: 4294967295,"
                                + " metadata: {filter_metadata: {x: {y: z}}}}"),
                        Cluster.newBuilder(),
                        "")
                .build();
        assertThat(cluster.getType()).isEqualTo(Cluster.DiscoveryType.STRICT_DNS);
        assertThat(cluster.getPerConnectionBufferLimitBytes().getValue()).isEqualTo(-1);
        assertThat(cluster.getMetadata()
                        .getFilterMetadataOrThrow("x")
                        .getFieldsOrThrow("y")
                        .getStringValue())
                .isEqualTo("z");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{nam: c} | nam: unknown field of envoy.config.cluster.v3.Cluster",
                "{name: [c]} | name: expected a string, found a list",
                "{connect_timeout: 5} | connect_timeout: expected a duration in seconds such as 0.25s, found '5'",
                "{type: NONE} | type: expected one of",
                "{type: STATIC, cluster_type: {name: x}} | cluster_type: cannot stand beside type",
                "{max_requests_per_connection: -1} | max_requests_per_connection: expected a whole number from 0 to 4294967295",
                "{load_assignment: {endpoints: [{lb_endpoints: [{endpoint: 7}]}]}} |"
                        + " load_assignment.endpoints[0].lb_endpoints[0].endpoint: expected a mapping, found '7'",
                "{transport_socket: {name: x, typed_config: {}}} | OK",
                "{transport_socket: {typed_config: {a: b}}} | transport_socket.typed_config: an @type is missing",
                "{transport_socket: {typed_config: {'@type': a/java.lang.String}}} | unknown type 'a/java.lang.String'",
            })
    void errorsNameTheField(String document, String problem) {
        if (problem.equals("OK")) {
            MessageReader.read(yaml(document), Cluster.newBuilder(), "");
            return;
        }
        assertThatThrownBy(() -> MessageReader.read(yaml(document), Cluster.newBuilder(), ""))
                .isInstanceOf(MessageReader.BadMessage.class)
                .hasMessageContaining(problem);
    }
}
