package dev.mishap.control.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LabelSelectorTest {
    private static final Map<String, String> LABELS = Map.of("team", "pay", "tier", "gold", "empty", "");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|true",
                "team=pay|true",
                "team==pay|true",
                "team = pay , tier = gold|true",
                "team=pay,tier=silver|false",
                "team!=pay|false",
                "zone!=a|true",
                "team|true",
                "zone|false",
                "!zone|true",
                "!team|false",
                "team in (pay, shop)|true",
                "team in (shop)|false",
                "zone in (a)|false",
                "team notin (shop,ads)|true",
                "team notin (pay)|false",
                "zone notin (a)|true",
                "empty=|true",
                "team=|false",
            })
    void selects(String selector, boolean matches) {
        assertThat(LabelSelector.parse(selector).matches(LABELS)).isEqualTo(matches);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {",", "a=b,", "=b", "a in b", "a in (b", "a b", "a in )b(", "a of (b)", "a=b=c", "a in ((b))", "!"
            })
    void saysWhatIsWrong(String selector) {
        assertThatThrownBy(() -> LabelSelector.parse(selector))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("label selector '" + selector + "': ");
    }
}
