package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessSeedTest {
    @Test
    void aSeedIsTakenAsItIs() {
        assertThat(ProcessSeed.parse("-42")).isEqualTo(-42);
    }

    @Test
    void withoutOneProcessesDiffer() {
        assertThat(ProcessSeed.parse(null)).isNotEqualTo(ProcessSeed.parse(""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "1.5", "99999999999999999999"})
    void anythingElseIsRefused(String text) {
        assertThatThrownBy(() -> ProcessSeed.parse(text))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(text);
    }
}
