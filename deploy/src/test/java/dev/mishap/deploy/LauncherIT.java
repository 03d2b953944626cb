package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LauncherIT {
    @TempDir
    Path directory;

    private Tools.Result mishap(String... arguments) {
        List<String> command =
                new java.util.ArrayList<>(List.of(Tools.launcher().toString()));
        command.addAll(List.of(arguments));
        return Tools.run(directory, 60, command);
    }

    @Test
    void helpNamesEveryCommand() {
        Tools.Result result = mishap("--help");
        assertThat(result.exit()).isZero();
        assertThat(result.out()).contains("proxy", "standalone", "run", "validate", "convert");
    }

    @Test
    void versionIsOneLine() {
        Tools.Result result = mishap("--version");
        assertThat(result.exit()).isZero();
        assertThat(result.out().lines()).hasSize(1);
        assertThat(result.out()).startsWith("mishap ");
    }

    @Test
    void unknownCommandIsOneHelpfulError() {
        Tools.Result result = mishap("prxy");
        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.err()).contains("prxy").doesNotContain("Exception");
    }

    @Test
    void worksThroughASymbolicLink() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("m"), Tools.launcher());
        Tools.Result result = Tools.run(directory, 60, List.of(link.toString(), "--version"));
        assertThat(result.err()).isEmpty();
        assertThat(result.exit()).isZero();
    }

    @Test
    void aJavaHomeWithoutJavaIsNamed() {
        Tools.Result result = Tools.run(
                directory,
                60,
                Map.of("JAVA_HOME", "/nowhere"),
                List.of(Tools.launcher().toString(), "--version"));
        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.err()).contains("/nowhere");
    }

    @Test
    void completionScriptsParse() throws IOException {
        Tools.need("zsh", "--version");
        for (String shell : List.of("bash", "zsh")) {
            Tools.Result result = mishap("completion", shell);
            assertThat(result.exit()).as(result.err()).isZero();
            Path script = directory.resolve("completion." + shell);
            Files.writeString(script, result.out());
            Tools.Result parsed = Tools.run(directory, 20, List.of(shell, "-n", script.toString()));
            assertThat(parsed.exit()).as(parsed.err()).isZero();
        }
    }

    @Test
    void helpKnowsTheLaunchersOwnCommands() {
        assertThat(mishap("help", "proxy").out()).contains("--config-path");
        assertThat(mishap("help", "standalone").out()).startsWith("Usage: mishap standalone");
    }

    @Test
    void allCommandsTellOneVersion() {
        String version = mishap("--version").out().strip();
        assertThat(mishap("standalone", "--version").out().strip()).isEqualTo(version);
        assertThat(mishap("proxy", "--version").out()).contains(version.replace("mishap ", "mishap-"));
    }

    @Test
    void bashCompletesCommandsAndFlags() throws IOException {
        Files.writeString(directory.resolve("c"), mishap("completion", "bash").out());
        String script = """
                source c
                COMP_WORDS=(mishap ru) COMP_CWORD=1; _complete_mishap 2>/dev/null; echo "${COMPREPLY[@]}"
                COMP_WORDS=(mishap run --targ) COMP_CWORD=2; COMPREPLY=(); _complete_mishap 2>/dev/null; echo "${COMPREPLY[@]}"
                """;
        Tools.Result result = Tools.run(directory, 20, List.of("bash", "-c", script));
        assertThat(result.out()).isEqualTo("run\n--target\n");
    }

    @Test
    void bashCompletesFlagsOfTheDataPlanesCommands() throws IOException {
        Files.writeString(directory.resolve("c"), mishap("completion", "bash").out());
        String script = """
                source c
                m=%s
                COMP_WORDS=($m proxy --config-) COMP_CWORD=2; _mishap_names; echo "${COMPREPLY[@]}"
                COMP_WORDS=($m standalone --acc) COMP_CWORD=2; _mishap_names; echo "${COMPREPLY[@]}"
                COMP_WORDS=($m proxy --mode v) COMP_CWORD=3; _mishap_names; echo "${COMPREPLY[@]}"
                COMP_WORDS=($m proxy -c f) COMP_CWORD=3; _mishap_names; echo "${#COMPREPLY[@]}"
                """.formatted(Tools.launcher());
        Tools.Result result = Tools.run(directory, 60, List.of("bash", "-c", script));
        assertThat(result.out()).isEqualTo("--config-path --config-yaml\n--access-log\nvalidate\n0\n");
    }
}
