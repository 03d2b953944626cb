package dev.mishap.control.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MishapTest {
    @Test
    void helpListsTheCommandsOfTheLauncherToo() {
        CommandRun run = CommandRun.of("--help");
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("proxy", "standalone", "completion", "Exit codes");
    }

    @Test
    void versionIsOneLine() {
        CommandRun run = CommandRun.of("--version");
        assertThat(run.exit()).isZero();
        assertThat(run.out().lines()).hasSize(1).first().asString().startsWith("mishap ");
    }

    @Test
    void anUnknownCommandIsNamedWithNearMisses() {
        CommandRun run = CommandRun.of("prxy");
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err())
                .contains("there is no command 'prxy' (did you mean 'proxy'?)")
                .doesNotContain("Exception");
    }

    @Test
    void helpOfACommandIsItsHelp() {
        assertThat(CommandRun.of("help", "run").out())
                .isEqualTo(CommandRun.of("run", "--help").out())
                .contains("--target");
        assertThat(CommandRun.of("help").out())
                .isEqualTo(CommandRun.of("--help").out());
        CommandRun wrong = CommandRun.of("help", "rnu");
        assertThat(wrong.exit()).isEqualTo(2);
        assertThat(wrong.err()).contains("'rnu' (did you mean 'run'?)");
    }

    @Test
    void noCommandIsAnError() {
        CommandRun run = CommandRun.of();
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains("a command is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "zsh"})
    void completionKnowsTheCommands(String shell) {
        CommandRun run = CommandRun.of("completion", shell);
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("_complete_mishap", "standalone");
        assertThat(run.out().startsWith("#compdef mishap")).isEqualTo(shell.equals("zsh"));
    }

    @Test
    void faultsAreTold() {
        assertThat(CommandRun.of("faults").out()).contains("latency ", "dns.delay ", "partition ");
        assertThat(CommandRun.of("faults", "Latency").out())
                .contains("on the wire", "jitter: 0s (default) to fixed", "latency 100ms");
        assertThat(CommandRun.of("faults", "dns", "--json").out()).contains("\"dns.truncate\"");
        CommandRun wrong = CommandRun.of("faults", "latenzy");
        assertThat(wrong.exit()).isEqualTo(2);
        assertThat(wrong.err()).contains("there is no fault 'latenzy' (did you mean 'latency'?)");
    }
}
