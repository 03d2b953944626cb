package dev.mishap.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.transport.ConnectionInfo;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FilterChainMatcherTest {
    private static final String NETWORK =
            "{name: i, typed_config: {'@type': type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.";

    private static String chain(String name) {
        return "{action: {name: x, typed_config: {'@type': type.googleapis.com/google.protobuf.StringValue, value: "
                + name + "}}}";
    }

    private static FilterChainMatcher matcher(String tree, String names) {
        return Objects.requireNonNull(FilterChainMatcher.from(ConfigReader.checkedYaml(
                "envoy.config.listener.v3.Listener",
                "{filter_chains: [" + names + "], filter_chain_matcher: {matcher_tree: " + tree + "}}")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "TransportProtocolInput | tls",
                "ApplicationProtocolInput | 'h2','http/1.1'",
                "SourceTypeInput | local",
                "DestinationPortInput | 80",
                "ServerNameInput | a.test"
            })
    void looks_at_the_connection(String input, String value) {
        ConnectionInfo connection = new ConnectionInfo();
        connection.detectedTransportProtocol = "tls";
        connection.applicationProtocols = List.of("h2", "http/1.1");
        connection.requestedServerName = "a.test";
        connection.localAddress = new InetSocketAddress("10.1.1.1", 80);
        connection.remoteAddress = new InetSocketAddress("10.1.1.1", 4000);
        String map = "{input: " + NETWORK + input + "}}, exact_match_map: {map: {\"%s\": " + chain("found") + "}}}";
        assertThat(matcher(map.formatted(value), "{name: found}").find(connection))
                .isEqualTo("found");
        assertThat(matcher(map.formatted("other"), "{name: found}").find(connection))
                .isNull();
    }

    @Test
    void names_of_chains_are_needed_and_differ() {
        String tree = "{input: " + NETWORK + "SourceTypeInput}}, exact_match_map: {map: {a: " + chain("a") + "}}}";
        assertThatThrownBy(() -> matcher(tree, "{name: a}, {}"))
                .isInstanceOf(ListenerException.class)
                .hasMessage("\"name\" field is required when using a listener matcher");
        assertThatThrownBy(() -> matcher(tree, "{name: a}, {name: a}"))
                .isInstanceOf(ListenerException.class)
                .hasMessage("\"name\" field is duplicated with value 'a'");
    }

    @Test
    void requests_have_no_part_in_it() {
        String tree = "{input: {name: h, typed_config: {'@type':"
                + " type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput, header_name: x}},"
                + " exact_match_map: {map: {a: " + chain("a") + "}}}";
        assertThatThrownBy(() -> matcher(tree, "{name: a}"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("cannot create a filter chain matcher: Didn't find a registered implementation for 'h' with"
                        + " type URL: 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput'");
    }
}
