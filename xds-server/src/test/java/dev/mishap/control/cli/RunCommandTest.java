package dev.mishap.control.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class RunCommandTest {
    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = Files.writeString(directory.resolve("experiment.yaml"), """
                apiVersion: mishap.dev/v1
                kind: Experiment
                metadata: {name: payments}
                spec:
                  targets: [payment-gateway]
                  faults: [{target: payment-gateway, percentage: 40, fault: {abort: {httpStatus: 503}}}]
                  slos: [checkout_success_rate >= 0.95]
                """);
    }

    private int run(String... arguments) {
        CommandLine line = Mishap.commandLine();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        String[] all = new String[arguments.length + 2];
        all[0] = "run";
        all[1] = file.toString();
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        return line.execute(all);
    }

    @Test
    void aDryRunShowsThePlanWithItsScaledPhases() {
        assertThat(run("--demo", "--time-scale", "0.1", "--seed", "7", "--dry-run"))
                .isZero();
        assertThat(out.toString())
                .contains(
                        "baseline: 3 s",
                        "injection: 12 s, at most 5%",
                        "payment-gateway: abort 503 40%",
                        "within 300 s",
                        "seed of the draws: 7");
    }

    @ParameterizedTest
    @CsvSource({
        "--demo=bogus, 'healthy, broken-fallback, sick, dns or dns-without-breaker'",
        "--time-scale=0, time scale",
        "--target=nonsense, SERVICE=http://HOST:PORT",
        "--observe=checkout=http://127.0.0.1:1, --target payment-gateway",
        "--target=payment-gateway=http://127.0.0.1:1, --observe checkout",
        "--query=a, NAME=VALUE",
        "--target=payment-gateway=http://127.0.0.1:99999, SERVICE=http://HOST:PORT",
        "--target=payment-gateway=http://user:secret@127.0.0.1:1, SERVICE=http://HOST:PORT",
        "--target=payment-gateway=http://127.0.0.1:1/path, SERVICE=http://HOST:PORT",
        "--prometheus=nonsense, expected http://HOST:PORT",
        "--token=a b, visible ASCII",
        "--report-format=json, without --report",
    })
    void whatCannotBeUsedIsExit2AndOneLine(String flag, String expected) {
        assertThat(run(flag)).isEqualTo(2);
        assertThat(err.toString()).contains(expected).doesNotContain("Exception");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aProxyThatIsGivenTwiceWouldCountTwice() {
        assertThat(run("--target", "payment-gateway=127.0.0.1:1", "--target", "payment-gateway=http://127.0.0.1:1/"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("this proxy is given twice");
    }

    @Test
    void aReportDirectoryThatCannotBeIsNoticedBeforeTheRun() throws IOException {
        Path taken = Files.writeString(directory.resolve("taken"), "");
        assertThat(run(
                        "--target=payment-gateway=http://127.0.0.1:1",
                        "--observe=checkout=http://127.0.0.1:1",
                        "--report=" + taken))
                .isEqualTo(2);
        assertThat(err.toString()).contains("no reports can be written into " + taken + ": not a directory");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aFileThatIsNoTextIsSaidToBeNone() throws IOException {
        Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertThat(run("--demo", "--dry-run")).isEqualTo(2);
        assertThat(err.toString()).contains("experiment.yaml: is not UTF-8");
    }

    @Test
    void anEnvironmentValueOfAnImportedFileCanBeReplaced() throws IOException {
        Path guide = Path.of("..", "examples", "chaos-experiment-payment-degradation.yaml");
        Files.copy(guide, file, StandardCopyOption.REPLACE_EXISTING);
        assertThat(run("--demo", "--set", "PERCENTAGE=25", "--dry-run")).isZero();
        assertThat(out.toString())
                .contains("abort 503 25%", "PAY-503-2024-Q4", "prod-checkout (production)", "baseline: 30 s");
    }

    @Test
    void theDemoBringsItsOwnTargets() {
        assertThat(run("--demo", "--target", "payment-gateway=http://127.0.0.1:1"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--demo brings its own targets");
    }

    @Test
    void aProxyThatDoesNotAnswerIsExit2WithAReport() throws IOException {
        Path reports = directory.resolve("out");
        int exit = run(
                "--target",
                "payment-gateway=http://127.0.0.1:1",
                "--observe",
                "checkout=127.0.0.1:1",
                "--json",
                "--report",
                reports.toString(),
                "--report-format",
                "junit,json");
        assertThat(exit).isEqualTo(2);
        assertThat(out.toString()).startsWith("{").contains("\"reason\" : \"LOST_CONTACT\"");
        assertThat(err.toString().lines()).allMatch(line -> line.startsWith("[payments] "));
        assertThat(reports.resolve("junit.xml")).content().contains("<error type=\"LOST_CONTACT\"");
        assertThat(reports.resolve("report.html")).doesNotExist();
    }

    @Test
    void aFileWithMistakesIsExit2WithTheirPlaces() throws IOException {
        Files.writeString(file, Files.readString(file).replace("percentage: 40", "percentage: 140"));
        assertThat(run("--demo")).isEqualTo(2);
        assertThat(err.toString()).contains("experiment.yaml:6:", "percentage");
    }
}
