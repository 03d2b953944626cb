package dev.mishap.proxy.cluster.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.cluster.BindConfig;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BindTranslatorTest {
    private static BindConfig bind(String yaml) {
        BindConfig bind = BindTranslator.from(
                ConfigReader.checkedYaml(
                        "envoy.config.cluster.v3.Cluster", "name: c\nupstream_bind_config: {" + yaml + "}\n"),
                "Cluster c");
        assertThat(bind).isNotNull();
        return bind;
    }

    private static String at(String address) {
        return "{address: '" + address + "', port_value: 0}";
    }

    @Test
    void the_source_of_the_peers_ip_version_is_taken_else_the_first() {
        BindConfig both = bind(
                "source_address: " + at("::1") + ", extra_source_addresses: [{address: " + at("127.0.0.9")
                        + ", socket_options: {socket_options: [{level: 1, name: 9, int_value: 1, state: STATE_BOUND}]}}], freebind: true");
        BindConfig.Source four = both.source(new InetSocketAddress("10.0.0.1", 80));
        assertThat(four).isNotNull();
        assertThat(four.address().getAddress().getHostAddress()).isEqualTo("127.0.0.9");
        assertThat(four.options()).hasSize(2);
        assertThat(four.options().get(0).beforeConnect()).isTrue();
        assertThat(four.options().get(1).beforeConnect()).isFalse();
        BindConfig one = bind("source_address: " + at("::1"));
        BindConfig.Source six = one.source(new InetSocketAddress("10.0.0.1", 80));
        assertThat(six).isNotNull();
        assertThat(six.canReach(new InetSocketAddress("10.0.0.1", 80))).isFalse();
    }

    @Test
    void without_a_source_the_system_chooses() {
        BindConfig options = bind("socket_options: [{level: 1, name: 9, int_value: 1, state: STATE_PREBIND}]");
        assertThat(options.source(new InetSocketAddress("10.0.0.1", 80))).isNull();
        assertThat(options.options()).hasSize(1);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            source_address: {address: nowhere, port_value: 0} | malformed IP address: nowhere
            extra_source_addresses: [{address: {address: 127.0.0.1, port_value: 0}}] | but no source_address
            source_address: {address: 127.0.0.1, port_value: 0}, additional_source_addresses: [{address: 127.0.0.2, port_value: 0}] | two same IP version
            """)
    void refusals_are_envoys(String yaml, String words) {
        assertThatThrownBy(() -> bind(yaml)).isInstanceOf(ConfigException.class).hasMessageContaining(words);
    }
}
