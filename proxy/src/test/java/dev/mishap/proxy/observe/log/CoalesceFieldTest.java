package dev.mishap.proxy.observe.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.StreamInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CoalesceFieldTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[\"PROTOCOL\"]|HTTP/1.1",
                "[\"ROUTE_NAME\",\"PROTOCOL\"]|HTTP/1.1",
                "[{\"command\":\"REQ\",\"param\":\"x-none\"},{\"command\":\"REQ\",\"param\":\"x-a\",\"max_length\":2}]|ab",
                "[\"ROUTE_NAME\"]|-",
            })
    void the_first_that_has_a_value(String operators, String text) {
        HeaderMap request = new HeaderMap();
        request.add(HeaderName.of("x-a"), "abc");
        StreamInfo info = new StreamInfo();
        info.protocol = "HTTP/1.1";
        StringBuilder out = new StringBuilder();
        SubstitutionFormatter.compile("%COALESCE({\"operators\":" + operators + "})%")
                .format(info, request, null, null, out);
        assertThat(out).hasToString(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "|COALESCE requires parameters",
                "{}|COALESCE: JSON configuration must contain 'operators' array",
                "[]|COALESCE: JSON configuration must contain 'operators' array",
                "{\"operators\":[]}|COALESCE: 'operators' array must not be empty",
                "{\"operators\":[\"NOPE\"]}|COALESCE: failed to parse operator at index 0: unknown command: 'NOPE'",
                "{\"operators\":[\"REQ(x-a)\"]}|COALESCE: failed to parse operator at index 0: unknown command: 'REQ(x-a)'",
                "{\"operators\":[\"PROTOCOL\",{\"command\":\"REQ\"}]}"
                        + "|COALESCE: failed to parse operator at index 1: REQ requires parameters",
                "{\"operators\":[{\"command\":\"REQ\",\"param\":\"x-a\",\"max_length\":-3}]}"
                        + "|COALESCE: failed to parse operator at index 0: 'max_length' must be a positive integer",
                "{\"operators\":[1]}|COALESCE: failed to parse operator at index 0: operator entry must be either a"
                        + " string (command name) or an object with 'command' field",
            })
    void mistakes(String json, String message) {
        String format = json == null ? "%COALESCE%" : "%COALESCE(" + json + ")%";
        assertThatThrownBy(() -> SubstitutionFormatter.compile(format))
                .isInstanceOf(ConfigException.class)
                .hasMessage(message);
    }
}
