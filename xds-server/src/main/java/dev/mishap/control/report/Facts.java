package dev.mishap.control.report;

import dev.mishap.control.experiment.RunResult;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.engine.FaultCounts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** The facts of a run as pairs of name and text, the same in all reports for people. */
final class Facts {
    private Facts() {}

    static List<String[]> of(RunResult result, ReportContext context) {
        Experiment experiment = result.plan().experiment();
        List<String[]> facts = new ArrayList<>();
        add(facts, "experiment", experiment.id());
        add(facts, "run", result.runId());
        if (experiment.namespace() != null) {
            add(facts, "namespace", experiment.namespace() + (experiment.isProduction() ? " (production)" : ""));
        }
        add(
                facts,
                "started",
                result.started() + ", took "
                        + Figures.plain(
                                Duration.between(result.started(), result.ended())
                                                .toMillis()
                                        / 1e3,
                                1) + " s");
        add(
                facts,
                "blast radius",
                experiment.blastRadius()
                        + " of the traffic in scope at most: the size of the cohort, and a hard cap in every 10 s"
                        + (experiment.overrideReason() == null
                                ? ""
                                : "; more than 5 % in production because: " + experiment.overrideReason()));
        add(
                facts,
                "cohort",
                "by "
                        + (experiment.cohortKey().kind().field() + " "
                                        + experiment.cohortKey().name())
                                .trim() + ", seed " + experiment.cohortSeed());
        if (experiment.seed() != null) {
            add(facts, "seed of the draws", Long.toString(experiment.seed()));
        }
        if (result.plan().options().dryRun()) {
            add(facts, "dry run", "nothing was touched; counted is what would have been");
        }
        if (result.plan().options().timeScale() != 1) {
            add(facts, "time scale", Figures.plain(result.plan().options().timeScale(), 4));
        }
        new TreeMap<>(result.plan().options().targets())
                .forEach((name, at) -> add(facts, "faults at " + name, at.toString()));
        new TreeMap<>(result.plan().options().observed())
                .forEach((name, at) -> add(facts, "watched " + name, at.toString()));
        context.environment().forEach((name, value) -> add(facts, name, value));
        return facts;
    }

    static String counts(FaultCounts faults) {
        String shares = faults.scoped() == 0
                ? ""
                : String.format(
                        Locale.ROOT, " (%.2f %% of the traffic in scope)", 100.0 * faults.touched() / faults.scoped());
        return faults.scoped() + " requests in scope, " + faults.cohort() + " of them in the cohort, " + faults.drawn()
                + " drawn, "
                + faults.touched() + " touched" + shares + "; held back: " + faults.suppressedByCap() + " by the cap, "
                + faults.suppressedOtherwise() + " by other limits.";
    }

    private static void add(List<String[]> facts, String name, String text) {
        facts.add(new String[] {name, text});
    }
}
