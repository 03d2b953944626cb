package dev.mishap.rules.match;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegexSizeTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a{1000}",
                "(a{10}){100}",
                "(a{10}b{1000})c",
                "[{]{3}",
                "a\\{1000}(b{1000})",
                "[]{9}]{1000}",
                "/v[0-9]{1,3}/(users|orders)/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
            })
    void whatRe2TakesIsTaken(String regex) {
        assertThat(RegexSize.problem(regex)).isNull();
        assertThat(new StringMatcher(StringMatcher.Kind.REGEX, regex).compile()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"(a{1000}){2}", "((a{10,}){10}){11}", "(b|(a{2}){501})", "(([ab]{20}){0,20}c){3}"})
    void nestedRepetitionIsBounded(String regex) {
        assertThat(RegexSize.problem(regex)).startsWith("invalid repetition size: {");
    }

    @Test
    void aProgramIsBounded() {
        assertThat(RegexSize.problem("a{1000}".repeat(80))).isNull();
        assertThat(RegexSize.problem("a{1000}".repeat(90))).isEqualTo("pattern too large - compile failed");
    }

    @Test
    void aRuleWithSuchARegexIsRefused() {
        assertThatThrownBy(() -> new StringMatcher(StringMatcher.Kind.REGEX, "(a{1000}){1000}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("regex is not RE2 syntax: invalid repetition size: {1000}");
    }
}
