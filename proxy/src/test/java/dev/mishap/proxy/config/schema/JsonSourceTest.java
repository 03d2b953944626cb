package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is JSON, as Envoy 1.40 was seen to read it. */
class JsonSourceTest {
    private static final String NODE = "envoy.config.core.v3.Node";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"id\": \"a\"} | a",
                "{\"id\": \"a\",} | a",
                "{'id': 'a'} | a",
                "{id: 'a\"b'} | a\"b",
                "{id: \"it's\"} | it's",
                "{'i\\u0064': 'a\\'b'} | a'b",
                "{\"id\": \"\\ud83d\\ude00\"} | \uD83D\uDE00",
                "{\"id\": \"a\tb\"} | a\tb",
                "{\"id\": \"a\", \"client_features\": [\"x\", ]} | a",
                "{$x: 1} |",
            })
    void isForgiven(String json, String id) {
        assertThat(ConfigReader.lenient().json(NODE, json).string("id")).isEqualTo(id == null ? "" : id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{,}",
                "{\"client_features\": [,]}",
                "{\"id\": \"a\",,}",
                "{1id: \"a\"}",
                "{i-d: \"a\"}",
                "{\"id\": a}",
                "{\"id\": \"a'}",
                "{\"id\": \"\\ud83d\"}",
                "{\"id\": \"\\ude00\"}",
                "{\"id\": \"\\q\"}",
                "{} x",
                "// c\n{}",
            })
    void isRefused(String json) {
        assertThatThrownBy(() -> ConfigReader.lenient().json(NODE, json)).isInstanceOf(ConfigException.class);
    }
}
