package dev.mishap.control.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class RuleCommandsTest {
    private static final Path EXAMPLES = Path.of("../examples");

    @TempDir
    Path directory;

    private String file(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text).toString();
    }

    @Test
    void allExamplesAreValid() throws IOException {
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            List<String> args = Stream.concat(
                            Stream.of("validate"),
                            files.filter(f -> f.toString().endsWith(".yaml"))
                                    .map(Path::toString)
                                    .sorted())
                    .toList();
            CommandRun run = CommandRun.of(args.toArray(String[]::new));
            assertThat(run.exit()).as(run.out() + run.err()).isZero();
            assertThat(run.out())
                    .contains(
                            "rule canary-503: abort 503 40% when",
                            "experiment payment-gateway-503-injection (PAY-503-2024-Q4): in production, blast radius 5%")
                    .contains("payment-gateway: abort 503 40%, about 2% of its requests in scope");
        }
    }

    @Test
    void whatIsWrongIsToldWithItsPlace() throws IOException {
        String file = file(
                "bad.yaml",
                "apiVersion: mishap.dev/v1\nkind: FaultRule\nmetadata: {name: r}\nspec:\n  fault: {abort: {httpStatus: 42}}\n  percentag: 5\n");
        CommandRun run = CommandRun.of("validate", file);
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out()).contains("bad.yaml:6:3: spec.percentag: unknown field; did you mean 'percentage'?");
        JsonNode json = new ObjectMapper()
                .readTree(CommandRun.of("validate", "--json", file).out());
        assertThat(json.at("/ok").booleanValue()).isFalse();
        assertThat(json.at("/files/0/problems/0/line").intValue()).isEqualTo(6);
        assertThat(json.at("/files/0/problems/0/column").intValue()).isEqualTo(3);
    }

    @Test
    void overlappingRulesAreShownInOrderWithTheirOutcome() throws IOException {
        CommandRun run = CommandRun.of(
                "validate",
                "--fault",
                "delay 100ms as d",
                "--fault",
                "abort 500 50% when path ^= /a as b",
                "--fault",
                "abort 503 40% when path ^= /a/b priority -1 as a",
                "--fault",
                "reset when path ^= /z and header x = 1 as c",
                "--fault",
                "reset when header x = 2 and path ^= /a as e");
        assertThat(run.exit()).isZero();
        assertThat(run.out())
                .containsSubsequence(
                        "1. a ends about 40 % of the requests",
                        "2. b ends about 30 % of the requests",
                        "5. d delays about 100 % of them; an abort or reset comes after the delay");
        assertThat(CommandRun.of("validate", "--fault", "reset when header x = 1", "--fault", "reset when header x = 2")
                        .out())
                .doesNotContain("can meet");
    }

    @Test
    void oneNameInTwoFilesIsAClash() throws IOException {
        String file = file(
                "a.yaml",
                "apiVersion: mishap.dev/v1\nkind: FaultRule\nmetadata: {name: r}\nspec: {fault: {reset: {}}}\n");
        CommandRun run = CommandRun.of("validate", file, "--fault", "reset as r");
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out()).contains("rule 'r' stands in " + file + ", too");
    }

    @ParameterizedTest
    @ValueSource(strings = {"validate", "convert"})
    void whatCannotBeReadIsAnErrorInOneLine(String command) {
        CommandRun run = CommandRun.of(command, "/nowhere.yaml");
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).isEqualToIgnoringNewLines("mishap: /nowhere.yaml: no such file");
        assertThat(CommandRun.of(command).exit()).isEqualTo(2);
        assertThat(CommandRun.of(command, directory.toString()).exit()).isEqualTo(2);
    }

    @Test
    void aWrongLineIsShownWithACaret() {
        CommandRun run = CommandRun.of("validate", "--fault", "abort 503 wen x");
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out()).contains("--fault:1:11:", "  abort 503 wen x\n            ^");
    }

    @Test
    void theGuidesTemplateBecomesOurExperimentAndIsReadBack() throws IOException {
        CommandRun yaml = CommandRun.of(
                "convert",
                EXAMPLES.resolve("chaos-experiment-payment-degradation.yaml").toString());
        assertThat(yaml.exit()).as(yaml.err()).isZero();
        assertThat(yaml.out())
                .startsWith("apiVersion: mishap.dev/v1\nkind: Experiment\n")
                .contains("blastRadius: 5", "checkout_success_rate >= 0.95");
        String file = file("converted.yaml", yaml.out());
        CommandRun json = CommandRun.of("convert", "-o", "json", file);
        assertThat(json.exit()).isZero();
        assertThat(CommandRun.of("convert", file("converted.json", json.out())).out())
                .isEqualTo(yaml.out());
    }

    @Test
    void aLineBecomesYamlAndBack() throws IOException {
        String line = "abort 503 40% when header x-user-tier = canary for 2m as r";
        CommandRun yaml = CommandRun.of("convert", "--fault", line);
        assertThat(CommandRun.of("convert", "-o", "line", file("r.yaml", yaml.out()))
                        .out())
                .isEqualToIgnoringNewLines(line);
    }

    @Test
    void aRuleBecomesAnHttpFault() {
        CommandRun run = CommandRun.of(
                "convert",
                "-o",
                "envoy",
                "--fault",
                "abort 503 12.5% when header x-user-tier = canary and path ^= /pay as r");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.out())
                .contains(
                        "http_filters:",
                        "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
                        "http_status: 503",
                        "numerator: 125000",
                        "denominator: MILLION",
                        "exact: canary",
                        "prefix: /pay");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "reset                                  | spec.fault.reset",
                "abort 503 cohort 5%                    | spec.scope.cohort",
                "abort 503 max 5%                       | spec.limits.maxTrafficPercent",
                "abort 503 for 2m                       | spec.ttl",
                "abort 503 seed 1                       | spec.seed",
                "abort 503 on listener in               | spec.scope.listeners",
                "abort 503 tag baggage                  | spec.tag",
                "abort 503 body x                       | spec.fault.abort.body",
                "abort 503 from 10.0.0.0/8              | spec.scope.source.cidrs",
                "abort 503 ramp 1m                      | spec.schedule",
                "abort 503 when not header x ~ .*       | spec.scope.headers[0]",
            })
    void whatEnvoysFilterCannotSayIsNamed(String line, String field) {
        CommandRun run = CommandRun.of("convert", "-o", "envoy", "--fault", line);
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains(field);
    }
}
