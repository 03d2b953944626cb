package dev.mishap.control.report;

import dev.mishap.control.experiment.RunResult;
import dev.mishap.rules.experiment.engine.Finding;
import dev.mishap.rules.experiment.engine.Phase;
import dev.mishap.rules.experiment.engine.PhaseResult;
import dev.mishap.rules.experiment.engine.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The report for CI systems: one test suite for the run, one case for the verdict and one per condition and population of the injection. A
 * hypothesis that did not hold is a failure, an experiment that could not be judged an error.
 */
public final class JUnitReport {
    private JUnitReport() {}

    public static String write(RunResult result, ReportContext context) {
        Verdict verdict = result.verdict();
        List<String> cases = new ArrayList<>();
        int failures = 0;
        int errors = 0;
        int skipped = 0;
        double seconds = Duration.between(result.started(), result.ended()).toMillis() / 1e3;
        String suite = result.plan().experiment().id();
        if (verdict.exitCode() == 0) {
            cases.add(testCase(suite, "verdict", seconds, ""));
        } else if (verdict.exitCode() == 1) {
            failures++;
            cases.add(testCase(
                    suite,
                    "verdict",
                    seconds,
                    outcome("failure", verdict.reason().name(), verdict.explanation())));
        } else {
            errors++;
            cases.add(testCase(
                    suite, "verdict", seconds, outcome("error", verdict.reason().name(), verdict.explanation())));
        }
        for (PhaseResult each : result.results()) {
            if (each.phase() != Phase.INJECTION) {
                continue;
            }
            String text = Figures.value(each) + ", " + Figures.samples(each) + " samples";
            String inner = "";
            if (each.finding() == Finding.BREACH) {
                failures++;
                inner = outcome("failure", "SLO_BREACHED", text);
            } else if (each.finding() == Finding.UNDECIDED) {
                skipped++;
                inner = "      <skipped message=\"too few samples: " + Xml.escape(text) + "\"/>\n";
            }
            cases.add(testCase(
                    suite, each.condition().name() + " (" + Figures.population(each.population()) + ")", 0, inner));
        }
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
        xml.append(String.format(
                Locale.ROOT,
                "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"%.3f\" timestamp=\"%s\">\n",
                Xml.escape(suite),
                cases.size(),
                failures,
                errors,
                skipped,
                seconds,
                result.started()));
        cases.forEach(xml::append);
        xml.append("    <system-out>").append(Xml.escape(log(result, context))).append("</system-out>\n");
        return xml.append("  </testsuite>\n</testsuites>\n").toString();
    }

    private static String testCase(String suite, String name, double seconds, String inner) {
        String head = String.format(
                Locale.ROOT,
                "    <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\"",
                Xml.escape(suite),
                Xml.escape(name),
                seconds);
        return inner.isEmpty() ? head + "/>\n" : head + ">\n" + inner + "    </testcase>\n";
    }

    private static String outcome(String element, String type, String message) {
        return "      <" + element + " type=\"" + type + "\" message=\"" + Xml.escape(message) + "\"/>\n";
    }

    private static String log(RunResult result, ReportContext context) {
        StringBuilder log = new StringBuilder(context.command()).append('\n');
        result.events()
                .forEach(event -> log.append(Figures.seconds(event.elapsedNanos()))
                        .append(' ')
                        .append(Figures.lower(event.phase()))
                        .append(": ")
                        .append(event.text())
                        .append('\n'));
        return log.toString();
    }
}
