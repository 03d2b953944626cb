package dev.mishap.control.cli;

import static dev.mishap.control.cli.ClientCommand.dash;
import static dev.mishap.control.cli.ClientCommand.distance;
import static dev.mishap.control.cli.ClientCommand.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Recorded runs of experiments, for people. */
final class ExperimentWords {
    private ExperimentWords() {}

    /** The newest first. */
    static Table table(List<JsonNode> runs, boolean namespaces, boolean wide) {
        List<String> headings = new ArrayList<>(namespaces ? List.of("NAMESPACE") : List.of());
        headings.addAll(List.of("NAME", "EXPERIMENT", "PHASE", "VERDICT", "AGE", "BY"));
        if (wide) {
            headings.addAll(List.of("STARTED", "ENDED", "FROM", "WHY"));
        }
        Table table = new Table(headings.toArray(new String[0]));
        Comparator<JsonNode> byStart = Comparator.comparing(run -> text(run, "/started"));
        for (JsonNode run : runs.stream().sorted(byStart.reversed()).toList()) {
            List<String> row = new ArrayList<>(namespaces ? List.of(text(run, "/metadata/namespace")) : List.of());
            row.addAll(List.of(
                    text(run, "/metadata/name"),
                    text(run, "/experiment/id"),
                    text(run, "/phase"),
                    dash(verdict(run)),
                    dash(distance(text(run, "/started"))),
                    text(run, "/by")));
            if (wide) {
                row.addAll(List.of(
                        text(run, "/started"),
                        dash(text(run, "/ended")),
                        dash(text(run, "/from")),
                        dash(text(run, "/verdict/explanation"))));
            }
            table.add(row.toArray(new String[0]));
        }
        return table;
    }

    /** {@code HELD (0)}; empty while there is none. */
    private static String verdict(JsonNode run) {
        return run.has("verdict")
                ? text(run, "/verdict/reason") + " ("
                        + run.at("/verdict/exitCode").asInt() + ")"
                : "";
    }

    /** All of one, but its timeline: {@code -o json} has that. */
    static List<String> describe(JsonNode run) {
        List<String> lines = new ArrayList<>();
        line(lines, "Name", text(run, "/metadata/name"));
        line(lines, "Namespace", text(run, "/metadata/namespace"));
        line(lines, "Experiment", text(run, "/experiment/id") + " (" + text(run, "/experiment/name") + ")");
        line(lines, "Hypothesis", dash(text(run, "/experiment/hypothesis")));
        line(lines, "By", text(run, "/by") + " from " + text(run, "/from"));
        String phase = text(run, "/phase");
        line(
                lines,
                "Phase",
                phase
                        + (phase.equals("lost")
                                ? " (its runner was last heard of at " + text(run, "/updated") + ")"
                                : ""));
        run.path("phases").forEach(step -> lines.add("  " + text(step, "/at") + "  " + text(step, "/phase")));
        if (run.has("verdict")) {
            line(lines, "Verdict", verdict(run) + ": " + text(run, "/verdict/explanation"));
            JsonNode recovered = run.at("/verdict/recovered");
            line(lines, "Recovered", recovered.isMissingNode() ? "-" : recovered.asBoolean() ? "yes" : "no");
        }
        JsonNode report = run.path("report");
        if (report.isObject()) {
            report.at("/experiment/faults").forEach(fault -> line(lines, "Fault", text(fault)));
            line(
                    lines,
                    "Requests",
                    report.at("/faults/scoped").asString("0") + " in scope, "
                            + report.at("/faults/touched").asString("0") + " touched");
            for (JsonNode result : report.path("results")) {
                lines.add("  " + text(result, "/phase") + ": " + text(result, "/condition") + ", "
                        + text(result, "/population") + ": "
                        + dash(result.path("value").asString("")) + " "
                        + text(result, "/unit") + " of "
                        + result.path("samples").asString("0") + " samples: "
                        + text(result, "/finding"));
            }
            report.path("remarks").forEach(remark -> line(lines, "Remark", text(remark)));
        }
        return lines;
    }

    private static void line(List<String> lines, String what, String value) {
        lines.add(what + ": " + " ".repeat(Math.max(0, 12 - what.length())) + value);
    }
}
