package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerTest {
    /** Whichever part refuses, what was made before it is stopped and the user hears the reason. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {clusters: [{name: u}, {name: u}]}                                                 | duplicate cluster 'u'
                    {listeners: [{name: l, address: {socket_address: {address: nowhere, port_value: 1}}}]} | nowhere
                    """)
    void aBadConfigurationIsToldInItsOwnWords(String resources, String expected) {
        Options options = Options.of("static_resources: " + resources, 1, "off");
        Bootstrap bootstrap = BootstrapLoader.load(options);
        assertThatThrownBy(() -> new Server(options, bootstrap))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(expected);
    }
}
