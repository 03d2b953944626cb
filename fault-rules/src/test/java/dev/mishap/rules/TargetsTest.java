package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.rules.text.RuleLine;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "on service checkout; true",
                "on service payments,checkout; true",
                "on service check; false",
                "on node pod-7; true",
                "on node pod-70; false",
                "on label team=pay; true",
                "on label team=pay,tier=gold; false",
                "on locality eu; true",
                "on locality eu/a; true",
                "on locality eu/a/1; true",
                "on locality e; false",
                "on locality eu/a/1/2; ",
                "on service checkout on locality us; false",
                "on service checkout on label team=pay on node pod-7; true",
            })
    void everyConditionMustHold(String clauses, Boolean expected) {
        String line = "abort 503 " + clauses;
        if (expected == null) {
            assertThatThrownBy(() -> RuleLine.parse(line, "r")).hasMessageContaining("targets.localities");
            return;
        }
        Targets targets = RuleLine.parse(line, "r").targets();
        assertThat(targets.match("checkout", "pod-7", Map.of("team", "pay"), "eu/a/1"))
                .isEqualTo(expected);
    }

    @Test
    void nothingSaidIsEveryNode() {
        assertThat(Targets.ALL.match("", "", Map.of(), "//")).isTrue();
        assertThat(RuleLine.parse("abort 503", "r").targets().isAll()).isTrue();
    }

    @Test
    void labelsAreReadBackAsPrinted() {
        FaultRule rule = RuleLine.parse("abort 503 on label a.b/c=x,\"team=two words\" as r", "x");
        assertThat(rule.targets().labels()).isEqualTo(Map.of("a.b/c", "x", "team", "two words"));
        assertThat(RuleLine.parse(RuleLine.print(rule), "x")).isEqualTo(rule);
    }

    @Test
    void unfitTextsAreRefused() {
        assertThatThrownBy(() -> RuleLine.parse("abort 503 on label team", "r"))
                .hasMessageContaining("expected a label such as team=pay, found 'team'");
        assertThatThrownBy(() -> new Targets(List.of(""), List.of(), Map.of(), List.of()))
                .hasMessageContaining("targets.services");
    }
}
