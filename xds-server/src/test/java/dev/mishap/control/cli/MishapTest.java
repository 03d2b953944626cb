package dev.mishap.control.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
        assertThat(run.out().contains("compopt() { :; }")).isEqualTo(shell.equals("zsh"));
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

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "--dependency x | --dependency 'x': expected name=host:port, got 'x'",
                "--dependency a=b:1 --dependency a=c:2 | two dependencies are called 'a'",
                "--dependency a=10001:b:1 --dependency c=10001:c:2 | 'a' and 'c' both listen on 127.0.0.1:10001",
                "--dependency a=10001:b:1 --dependency c=c:2 | 'a' and 'c' both listen on 127.0.0.1:10001",
                "--fault-ttl x | --fault-ttl: expected a duration",
                "--upstream-xds , | --upstream-xds ',': expected host:port, got ''",
                "--upstream-xds foo | --upstream-xds 'foo': expected host:port, got 'foo'",
                "--upstream-xds a:1,,b:2 | --upstream-xds 'a:1,,b:2': expected host:port, got ''",
                "--upstream-xds a:99999 | a port must be from 1 to 65535, got 99999",
            })
    void serveNamesTheFlagThatIsWrong(String flags, String problem) {
        CommandRun run = CommandRun.of(("serve " + flags).split(" "));
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains(problem).doesNotContain("Exception");
    }

    @Test
    void serveTellsWhatIsWrongWithItsDirectoryAndItsAddress(@TempDir Path directory) throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        CommandRun run = CommandRun.of("serve", "--data-dir", file.toString());
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains(file + ": not a directory");

        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String address = "127.0.0.1:" + taken.getLocalPort();
            for (String flag : List.of("--listen-api", "--listen-xds")) {
                String other = flag.equals("--listen-api") ? "--listen-xds" : "--listen-api";
                CommandRun busy = CommandRun.of("serve", flag, address, other, "127.0.0.1:0");
                assertThat(busy.exit()).isEqualTo(1);
                assertThat(busy.err()).contains("cannot listen on " + address, "in use", "choose another address");
            }
        }
    }
}
