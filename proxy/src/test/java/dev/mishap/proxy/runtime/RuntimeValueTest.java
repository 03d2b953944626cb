package dev.mishap.proxy.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuntimeValueTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "12 | 12 | 120000",
                "100 | 100 | 1000000",
                "-3 | -9 | -9",
                "1.5 | 1 | 10000",
                "x | -9 | -9",
                "true | -9 | -9",
                "'' | -9 | -9",
                "1f | -9 | -9",
                "NaN | -9 | -9",
                "{numerator: 3, denominator: HUNDRED} | -9 | 30000",
                "'{\"numerator\": 5, \"denominator\": \"MILLION\"}' | -9 | 5",
                "{numerator: 7} | -9 | 70000",
                "{zzz: 7} | -9 | -9",
                "{numerator: x} | -9 | -9",
            })
    void textIsReadAsWhatItLooksLike(String text, long integer, long partsPerMillion) {
        RuntimeValue value = RuntimeValue.parse(text);
        assertThat(value.integer(-9)).isEqualTo(integer);
        assertThat(value.partsPerMillion(-9)).isEqualTo(partsPerMillion);
    }

    @Test
    void numbersAreShownInSixDigits() {
        assertThat(List.of(
                        RuntimeValue.of(1.0).text(),
                        RuntimeValue.of(1.5).text(),
                        RuntimeValue.of(12345678901.0).text(),
                        RuntimeValue.of(-3.0).text(),
                        RuntimeValue.of(true).text()))
                .containsExactly("1", "1.5", "1.23457e+10", "-3", "true");
        assertThat(RuntimeValue.of(Map.of("numerator", 5.0, "denominator", "TEN_THOUSAND"))
                        .partsPerMillion(0))
                .isEqualTo(500);
    }

    @Test
    void laterLayersWin() {
        LayeredSnapshot snapshot = new LayeredSnapshot(List.of(
                new LayeredSnapshot.Layer("a", Map.of("k", RuntimeValue.parse("1"), "t", RuntimeValue.parse("true"))),
                new LayeredSnapshot.Layer("b", Map.of("k", RuntimeValue.parse("2")))));
        assertThat(snapshot.integer("k", 0)).isEqualTo(2);
        assertThat(snapshot.bool("t", false)).isTrue();
        assertThat(snapshot.number("none", 0.5)).isEqualTo(0.5);
        assertThat(snapshot.dump().get("entries").toString())
                .isEqualTo("{k={layer_values=[1, 2], final_value=2}, t={layer_values=[true, ], final_value=true}}");
    }
}
