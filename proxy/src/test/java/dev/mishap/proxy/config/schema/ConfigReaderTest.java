package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConfigReaderTest {
    private static final String BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap";

    @Test
    void readsAnyMessageFromYaml() {
        ConfigNode cluster = ConfigReader.checkedYaml(
                "envoy.config.cluster.v3.Cluster",
                "{name: u1, connectTimeout: 0.25s, type: STRICT_DNS, lb_policy: RANDOM}");
        assertThat(cluster.string("name")).isEqualTo("u1");
        assertThat(cluster.durationNanos("connect_timeout", -1)).isEqualTo(250_000_000);
        assertThat(cluster.enumName("type")).isEqualTo("STRICT_DNS");
        assertThat(cluster.oneof("cluster_discovery_type")).isEqualTo("type");
    }

    @Test
    void anyReadsAsTheMessageItHolds() {
        ConfigNode filter = ConfigReader.checkedYaml(
                "envoy.config.listener.v3.Filter",
                "{name: f, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy,"
                        + " stat_prefix: t, cluster: c}}");
        ConfigNode tcp = filter.required("typed_config");
        assertThat(tcp.messageName()).isEqualTo("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy");
        assertThat(tcp.path()).isEqualTo("typed_config");
        assertThat(tcp.string("cluster")).isEqualTo("c");
        assertThat(filter.toJson().toString()).contains("@type=type.googleapis.com/envoy");
        assertThat(ConfigReader.strict().yaml(BOOTSTRAP, "{}").has("node")).isFalse();
    }
}
