package dev.mishap.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import org.junit.jupiter.api.Test;

class SocketConfigTest {
    private static final String OPTION = "socket_options: %s{level: 1, name: %d, int_value: 1}%s";

    @Test
    void an_additional_address_may_have_options_of_its_own() {
        String at = "address: {socket_address: {address: 127.0.0.1, port_value: 0}}";
        SocketConfig config = SocketConfig.from(ConfigReader.checkedYaml(
                "envoy.config.listener.v3.Listener",
                "{" + at + ", " + OPTION.formatted("[", 9, "]") + ", additional_addresses: [{" + at + "}, {" + at + ", "
                        + OPTION.formatted("{socket_options: [", 10, "]}") + "}, {" + at
                        + ", socket_options: {}}]}"));
        assertThat(config.addresses())
                .extracting(place -> config.options(place).stream()
                        .map(SocketConfig.Option::name)
                        .toList()
                        .toString())
                .containsExactly("[9]", "[9]", "[10]", "[]");
    }
}
