package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scalars as Envoy 1.40 was seen to read them, and what may not be in a document. */
class YamlSourceTest {
    private static SourceValue value(String yaml) {
        SourceValue document = YamlSource.read("k: " + yaml);
        assertThat(document).isNotNull();
        return document.items.get(0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "5 | NUMBER | 5",
                "-7 | NUMBER | -7",
                "+4 | NUMBER | 4",
                "0x10 | NUMBER | 16",
                "010 | NUMBER | 8",
                "5000000000 | STRING | 5000000000",
                "99999999999999999999 | STRING | 99999999999999999999",
                "1.5 | STRING | 1.5",
                "1e3 | STRING | 1e3",
                ".inf | STRING | .inf",
                "2026-01-01 | STRING | 2026-01-01",
                "0x | STRING | 0x",
                "09 | STRING | 09",
                "y | BOOL | true",
                "Yes | BOOL | true",
                "OFF | BOOL | false",
                "yEs | STRING | yEs",
                "~ | NULL | null",
                "null | NULL | null",
                "'' | STRING | ``",
                "'y' | STRING | y",
                "'10' | STRING | 10",
                "!!int '10' | NUMBER | 10",
                "!!str 10 | NUMBER | 10",
                "!!str yes | BOOL | true",
            })
    void scalars(String yaml, SourceValue.Kind kind, String text) {
        SourceValue value = value(yaml);
        assertThat(value.kind).isEqualTo(kind);
        assertThat(value.text).isEqualTo(text);
    }

    @Test
    void placesAreFromOne() {
        SourceValue document = YamlSource.read("a:\n  b: 1\n  c: [x, yy]\n");
        assertThat(document).isNotNull();
        SourceValue list = document.items.get(0).items.get(1);
        assertThat(SourceValue.place(list.position)).isEqualTo("3:6");
        assertThat(SourceValue.place(list.items.get(1).position)).isEqualTo("3:10");
    }

    @Test
    void ignoredEntriesAndFurtherDocumentsAreDropped() {
        SourceValue document = YamlSource.read("!ignore x: &a {b: 1}\ny: *a\n---\nz: 1\n");
        assertThat(document).isNotNull();
        assertThat(document.keys).containsExactly("y");
        assertThat(document.items.get(0).keys).containsExactly("b");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a: *x",
                "a: &x {b: *x}",
                "a: 1\na: 2",
                "{a: 1, a: 2}",
                "[a, b",
                "a: 'b",
                "a: b: c",
                "\ta: 1",
                "? [a]\n: 1",
                "a: \u0000",
                "%YAML 9.9\n---\na",
                "a: @b",
                "--- &",
            })
    void refused(String yaml) {
        assertThatThrownBy(() -> YamlSource.read(yaml))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("YAML: ");
    }

    @Test
    void aliasBombIsRefusedBeforeItIsExpanded() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 30; i++) {
            bomb.append('a').append(i).append(": &a").append(i).append(" [");
            for (int j = 0; j < 10; j++) {
                bomb.append(j == 0 ? "" : ", ").append("*a").append(i - 1);
            }
            bomb.append("]\n");
        }
        assertThatThrownBy(() -> YamlSource.read(bomb.toString()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("aliases expand");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{a: ", "- "})
    void depthHasAnEnd(String opening) {
        assertThatThrownBy(() -> YamlSource.read(opening.repeat(5_000))).isInstanceOf(ConfigException.class);
    }

    @Test
    void moderateUseOfAliasesIsFine() {
        StringBuilder yaml = new StringBuilder("x: &x {a: 1, b: 2}\nlist:\n");
        for (int i = 0; i < 2_000; i++) {
            yaml.append("- *x\n");
        }
        SourceValue document = YamlSource.read(yaml.toString());
        assertThat(document).isNotNull();
        assertThat(document.items.get(1).items).hasSize(2_000);
    }
}
