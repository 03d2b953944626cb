package dev.mishap.control.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.experiment.RunOptions;
import dev.mishap.control.experiment.RunPlan;
import dev.mishap.control.experiment.RunResult;
import dev.mishap.rules.experiment.engine.Condition;
import dev.mishap.rules.experiment.engine.Event;
import dev.mishap.rules.experiment.engine.FaultCounts;
import dev.mishap.rules.experiment.engine.Finding;
import dev.mishap.rules.experiment.engine.LatencyHistogram;
import dev.mishap.rules.experiment.engine.Phase;
import dev.mishap.rules.experiment.engine.PhaseResult;
import dev.mishap.rules.experiment.engine.Population;
import dev.mishap.rules.experiment.engine.Reason;
import dev.mishap.rules.experiment.engine.RequestCounts;
import dev.mishap.rules.experiment.engine.ServiceCounts;
import dev.mishap.rules.experiment.engine.TimelinePoint;
import dev.mishap.rules.experiment.engine.Verdict;
import dev.mishap.rules.yaml.RuleReader;
import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportsTest {
    private static final long SECOND = 1_000_000_000L;
    private static final String HOSTILE = "<script>alert('x')</script> & \"quotes\" | pipe";
    private static final ReportContext CONTEXT = new ReportContext(
            "mishap run f.yaml --seed 7", List.of("abort 503 40%"), Map.of("java", "17"), List.of(HOSTILE));

    private static RunResult result(Reason reason) {
        RunPlan plan = RunPlan.of(
                RuleReader.read("""
                                apiVersion: mishap.dev/v1
                                kind: Experiment
                                metadata: {name: payments, namespace: shop}
                                spec:
                                  hypothesis: "orders are queued <b>and</b> not lost"
                                  targets: [payment-gateway]
                                  faults: [{target: payment-gateway, percentage: 40, fault: {abort: {httpStatus: 503}}}]
                                  seed: 7
                                  slos: [checkout_success_rate >= 0.95, checkout_p95_latency_ms <= 450]
                                """, "test").experiments().get(0),
                new RunOptions(
                        Map.of("payment-gateway", List.of(URI.create("http://127.0.0.1:1"))),
                        Map.of("checkout", List.of(URI.create("http://127.0.0.1:2"))),
                        null,
                        Map.of(),
                        null,
                        0.1));
        Condition success = plan.plan().conditions().get(0);
        Condition latency = plan.plan().conditions().get(1);
        List<TimelinePoint> timeline = new ArrayList<>();
        for (int i = 1; i <= 18; i++) {
            Phase phase = i <= 3 ? Phase.BASELINE : i <= 15 ? Phase.INJECTION : Phase.RECOVERY;
            boolean hurt = phase == Phase.INJECTION && reason == Reason.SLO_BREACHED;
            timeline.add(new TimelinePoint(
                    i * SECOND,
                    SECOND,
                    phase,
                    Map.of("checkout", new ServiceCounts(counts(300, hurt ? 6 : i % 3), counts(15, hurt ? 6 : 0))),
                    i == 5 ? Map.of() : Map.of("queue_depth", (double) i % 7),
                    phase == Phase.INJECTION ? 6 : 0));
        }
        Finding finding = reason == Reason.SLO_BREACHED ? Finding.BREACH : Finding.OK;
        return new RunResult(
                plan,
                "run-1",
                Instant.parse("2026-01-01T00:00:00Z"),
                Instant.parse("2026-01-01T00:00:18Z"),
                new Verdict(reason, HOSTILE, true),
                new FaultCounts(3600, 180, 72, 72, 0, 0),
                List.of(
                        new PhaseResult(success, Population.ALL, Phase.INJECTION, 0.98, 3600, Finding.OK),
                        new PhaseResult(success, Population.EXPOSED, Phase.INJECTION, 0.6, 180, finding),
                        new PhaseResult(latency, Population.ALL, Phase.INJECTION, 12.5e6, 3600, Finding.OK),
                        new PhaseResult(latency, Population.EXPOSED, Phase.INJECTION, null, 3, Finding.UNDECIDED)),
                timeline,
                List.of(new Event(SECOND, Phase.BASELINE, HOSTILE)),
                List.of("The phases were scaled by 0.1."));
    }

    private static RequestCounts counts(long requests, long failures) {
        long[] bounds = {1_000, 5_000, 10_000, 20_000};
        LatencyHistogram latency =
                new LatencyHistogram(bounds, new long[] {0, requests / 2, requests - requests / 2 - 3, 2, 1});
        return new RequestCounts(requests, requests - failures, failures, 0, latency, 2);
    }

    @Test
    void theJsonReportHoldsEverything() {
        JsonNode json = JsonMapper.shared().readTree(JsonReport.write(result(Reason.SLO_BREACHED), CONTEXT));
        assertThat(json.path("verdict").path("exitCode").asInt()).isEqualTo(1);
        assertThat(json.path("experiment").path("seed").asLong()).isEqualTo(7);
        assertThat(json.path("faults").path("touched").asLong()).isEqualTo(72);
        assertThat(json.path("results").get(1).path("population").asString()).isEqualTo("exposed");
        assertThat(json.path("results").get(2).path("value").asDouble()).isEqualTo(12.5);
        assertThat(json.path("results").get(2).path("target").asDouble()).isEqualTo(450);
        assertThat(json.path("timeline").size()).isEqualTo(18);
        assertThat(json.path("timeline")
                        .get(0)
                        .path("services")
                        .path("checkout")
                        .path("all")
                        .path("p95Millis")
                        .asDouble())
                .isPositive();
        assertThat(json.path("run").path("timeScale").asDouble()).isEqualTo(0.1);
    }

    @ParameterizedTest
    @CsvSource({"HYPOTHESIS_HELD, 0, 0", "SLO_BREACHED, 2, 0", "NOT_IN_STEADY_STATE, 0, 1", "INTERRUPTED, 0, 1"})
    void theJUnitReportTellsFailuresFromErrors(Reason reason, String failures, String errors) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        Document xml = factory.newDocumentBuilder()
                .parse(new InputSource(new StringReader(JUnitReport.write(result(reason), CONTEXT))));
        var suite = xml.getElementsByTagName("testsuite").item(0).getAttributes();
        assertThat(suite.getNamedItem("failures").getNodeValue()).isEqualTo(failures);
        assertThat(suite.getNamedItem("errors").getNodeValue()).isEqualTo(errors);
        assertThat(suite.getNamedItem("skipped").getNodeValue()).isEqualTo("1");
        assertThat(xml.getElementsByTagName("testcase").getLength()).isEqualTo(5);
    }

    @Test
    void thePageNeedsNothingFromOutsideAndEscapesWhatItShows() {
        String page = HtmlReport.write(result(Reason.SLO_BREACHED), CONTEXT);
        assertThat(page).doesNotContain("<script", "src=", "href=", "url(", "@import");
        assertThat(page).contains("&lt;script&gt;", "&lt;b&gt;and&lt;/b&gt;", "The hypothesis did not hold");
        assertThat(page).contains("Success rate of checkout", "exposed cohort", "Latency of checkout", "queue_depth");
        assertThat(page).contains("class=\"band before\"", "class=\"band during\"", "class=\"band after\"");
        assertThat(page.split("<svg viewBox=\"0 0 860").length - 1).isEqualTo(4);
        assertThat(page).doesNotContain("NaN");
    }

    @Test
    void markdownKeepsItsTables() {
        String text = MarkdownReport.write(result(Reason.HYPOTHESIS_HELD), CONTEXT);
        assertThat(text).contains("the hypothesis held", "98 %", "3600", "12.5 ms");
        assertThat(text).doesNotContain("<script>");
        text.lines()
                .filter(line -> line.startsWith("| checkout"))
                .forEach(line -> assertThat(line.replace("\\|", "")
                                .chars()
                                .filter(c -> c == '|')
                                .count())
                        .isEqualTo(7));
    }

    @Test
    void allFormatsAreWrittenAndReplaceFormerOnes(@TempDir Path directory) throws IOException {
        for (Reason reason : List.of(Reason.SLO_BREACHED, Reason.HYPOTHESIS_HELD)) {
            assertThat(Reports.write(result(reason), CONTEXT, directory, EnumSet.allOf(Reports.Format.class)))
                    .hasSize(4);
        }
        try (var files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("report.json", "junit.xml", "report.md", "report.html");
        }
        assertThat(Files.readString(directory.resolve("report.md"))).contains("the hypothesis held");
    }
}
