package dev.mishap.proxy.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class LogPatternTest {
    private static String line(String pattern, boolean escape, String message) {
        StringBuilder out = new StringBuilder();
        LogPattern.of(pattern, escape)
                .append(Instant.parse("2026-11-23T11:19:36.554Z"), LogLevel.WARNING, "main", message, out);
        return out.toString();
    }

    @Test
    void envoysFormatNamesTheCaller() {
        assertThat(line(LogPattern.DEFAULT, false, "hello"))
                .matches("\\[2026-11-2\\d \\d\\d:19:36\\.554]\\[\\d+]\\[warning]\\[main] \\[[^:]*:-?\\d+] hello");
    }

    @Test
    void flagsAreSpdlogs() {
        assertThat(line("%L %n %% %v %Q %e %f", false, "x")).isEqualTo("W main % x %Q 554 554000");
        assertThat(line("%v", true, "a\nb\"")).isEqualTo("a\\nb\\\"");
        assertThat(line("%_", false, "a\tb")).isEqualTo("a\\tb");
    }

    @Test
    void classesLogForTheComponentOfTheirPackage() {
        assertThat(Logging.componentOf("dev.mishap.proxy.runtime.RuntimeLoader").name)
                .isEqualTo("runtime");
        assertThat(Logging.componentOf("admin").name).isEqualTo("admin");
        assertThat(Logging.componentOf("org.example.X").name).isEqualTo("misc");
    }
}
