package dev.mishap.control.report;

import dev.mishap.control.experiment.RunResult;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.engine.FaultCounts;
import dev.mishap.rules.experiment.engine.PhaseResult;

/** The report for pull requests and wikis. */
public final class MarkdownReport {
    private MarkdownReport() {}

    public static String write(RunResult result, ReportContext context) {
        Experiment experiment = result.plan().experiment();
        StringBuilder out = new StringBuilder();
        out.append("# ")
                .append(text(experiment.name()))
                .append(": ")
                .append(Headline.of(result.verdict()))
                .append("\n\n");
        out.append("**")
                .append(text(result.verdict().explanation()))
                .append("** (exit code ")
                .append(result.verdict().exitCode())
                .append(")\n\n");
        if (!experiment.hypothesis().isEmpty()) {
            out.append("Hypothesis: ").append(text(experiment.hypothesis())).append("\n\n");
        }
        out.append("| | |\n|---|---|\n");
        for (String[] fact : Facts.of(result, context)) {
            out.append("| ")
                    .append(text(fact[0]))
                    .append(" | ")
                    .append(text(fact[1]))
                    .append(" |\n");
        }
        if (!result.results().isEmpty()) {
            out.append(
                    "\n## Conditions\n\n| condition | over | phase | value | samples | |\n|---|---|---|---|---|---|\n");
            for (PhaseResult each : result.results()) {
                out.append("| ")
                        .append(text(each.condition().name()))
                        .append(" | ")
                        .append(Figures.population(each.population()))
                        .append(" | ")
                        .append(Figures.lower(each.phase()))
                        .append(" | ")
                        .append(Figures.value(each))
                        .append(" | ")
                        .append(Figures.samples(each))
                        .append(" | ")
                        .append(Headline.of(each.finding()))
                        .append(" |\n");
            }
        }
        FaultCounts faults = result.faults();
        out.append("\n## Faults\n\n");
        context.faults().forEach(fault -> out.append("- ").append(text(fault)).append('\n'));
        out.append("\n").append(Facts.counts(faults)).append("\n\n## Events\n\n");
        result.events()
                .forEach(event -> out.append("- ")
                        .append(Figures.seconds(event.elapsedNanos()))
                        .append(", ")
                        .append(Figures.lower(event.phase()))
                        .append(": ")
                        .append(text(event.text()))
                        .append('\n'));
        if (!result.remarks().isEmpty() || !context.notes().isEmpty()) {
            out.append("\n## Remarks\n\n");
            result.remarks()
                    .forEach(remark -> out.append("- ").append(text(remark)).append('\n'));
            context.notes().forEach(note -> out.append("- ").append(text(note)).append('\n'));
        }
        out.append("\n## Again\n\n```\n").append(context.command()).append("\n```\n");
        return out.toString();
    }

    private static String text(String text) {
        return text.replace("\\", "\\\\")
                .replace("|", "\\|")
                .replace("<", "&lt;")
                .replace("*", "\\*")
                .replace("`", "\\`")
                .replace("_", "\\_")
                .replace('\n', ' ')
                .replace('\r', ' ');
    }
}
