package dev.mishap.proxy.filter.common.filterstate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FilterStateUpdatesTest {
    private final HeaderMap request = new HeaderMap();
    private final StreamInfo info = new StreamInfo();

    private static FilterStateUpdates updates(String values) {
        return FilterStateUpdates.from(ConfigReader.checkedYaml(
                        "envoy.extensions.filters.http.set_filter_state.v3.Config", "on_request_headers: " + values)
                .messages("on_request_headers"));
    }

    private static String value(String key, String factory, String format, String more) {
        return "[{object_key: '" + key + "', factory_key: '" + factory
                + "', format_string: {text_format_source: {inline_string: '" + format + "'}}" + more + "}]";
    }

    @ParameterizedTest
    @CsvSource(nullValues = "none", textBlock = """
            envoy.string,                                   yes,   yes
            envoy.hashable_string,                          yes,   yes
            envoy.tcp_proxy.disable_tunneling,              yes,   false
            envoy.tcp_proxy.disable_tunneling,              true,  true
            envoy.tcp_proxy.per_connection_idle_timeout_ms, 0100,  100
            envoy.tcp_proxy.per_connection_idle_timeout_ms, 18446744073709551615, 18446744073709551615
            envoy.tcp_proxy.per_connection_idle_timeout_ms, 18446744073709551616, none
            envoy.tcp_proxy.per_connection_idle_timeout_ms, -1,    none
            envoy.tcp_proxy.per_connection_idle_timeout_ms, -,     none
            """)
    void factoriesMakeValuesOfText(String factory, String text, String expected) {
        updates(value("k", factory, text, "")).apply(info, request);

        Object state = info.filterState("k");
        assertThat(state == null ? null : state.toString()).isEqualTo(expected);
        assertThat(state instanceof FilterStateValue made && made.hashable())
                .isEqualTo(factory.equals("envoy.hashable_string"));
    }

    @Test
    void operatorsSeeTheRequest() {
        request.add(HeaderName.of("x-a"), "\u00c3\u00a9"); // é, as bytes

        updates(value("k", "envoy.string", "<%REQ(x-a)%>", "")).apply(info, request);

        assertThat(info.filterState("k")).isEqualTo(new FilterStateValue("<\u00c3\u00a9>", "<é>", false));
    }

    @Test
    void whatTheConnectionHasStays() {
        ConnectionInfo connection = new ConnectionInfo();
        updates(value("k", "envoy.string", "of the connection", "")).apply(connection);
        info.on(connection);

        updates(value("k", "envoy.string", "of the request", "")).apply(info, request);

        assertThat(info.filterState("k")).isNull();
        assertThat(connection.filterState("k")).hasToString("of the connection");
    }

    @Test
    void emptyTextIsSkippedWhereAskedFor() {
        info.putFilterState("k", new FilterStateValue("old", "old", false));

        updates(value("k", "envoy.string", "%REQ(x-none)%", ", skip_if_empty: true")
                        .replace("text_format_source", "omit_empty_values: true, text_format_source"))
                .apply(info, request);

        assertThat(info.filterState("k")).hasToString("old");
    }

    @Test
    void refusesWhatNobodyReads() {
        assertThatThrownBy(() -> updates(value("my.key", "", "x", "")))
                .isInstanceOf(ConfigException.class)
                .hasMessage("'my.key' does not have an object factory");
        assertThatThrownBy(() -> updates(value("envoy.network.ip", "", "x", "")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("object_key: envoy.network.ip is not supported, one of envoy.hashable_string, ");
        assertThatThrownBy(() -> updates(value("k", "envoy.hashable_string", "x", ", shared_with_upstream: ONCE")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("shared_with_upstream");
    }
}
