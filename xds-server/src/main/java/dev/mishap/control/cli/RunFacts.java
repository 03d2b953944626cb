package dev.mishap.control.cli;

import dev.mishap.control.experiment.RunPlan;
import dev.mishap.control.experiment.RunResult;
import dev.mishap.control.report.ReportContext;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.Injection;
import dev.mishap.rules.experiment.engine.Condition;
import dev.mishap.rules.experiment.engine.FaultCounts;
import dev.mishap.rules.experiment.engine.Plan;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.RuleWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** What a run is about, in words. */
final class RunFacts {
    private RunFacts() {}

    static ReportContext context(RunResult result, String command, List<String> notes) {
        Map<String, String> environment = new TreeMap<>();
        String version = RunFacts.class.getPackage().getImplementationVersion();
        environment.put("mishap", version == null ? "built from classes" : version);
        environment.put("java", System.getProperty("java.vendor") + " " + Runtime.version());
        environment.put(
                "machine",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch") + ", "
                        + Runtime.getRuntime().availableProcessors() + " processors");
        return new ReportContext(command, faults(result.plan().experiment()), environment, notes);
    }

    private static List<String> faults(Experiment experiment) {
        List<String> faults = new ArrayList<>();
        for (Injection injection : experiment.injections()) {
            FaultRule rule = FaultRule.of("fault", injection.scope(), injection.percentage(), injection.fault());
            String text = RuleLine.inexpressible(rule).isEmpty()
                    ? RuleLine.print(rule).replace(" as fault", "")
                    : DocumentText.jsonLine(
                            Objects.requireNonNull(RuleWriter.write(rule).get("spec")));
            faults.add(injection.target() + ": " + text + " (of the cohort's requests)");
        }
        return faults;
    }

    static List<String> summary(RunResult result) {
        FaultCounts counts = result.faults();
        return List.of(counts.scoped() + " requests in scope, " + counts.cohort() + " in the cohort, " + counts.drawn()
                + " drawn, " + counts.touched() + " touched, " + counts.suppressedByCap() + " held back by the cap");
    }

    static List<String> plan(RunPlan resolved) {
        Experiment experiment = resolved.experiment();
        Plan plan = resolved.plan();
        List<String> lines = new ArrayList<>();
        lines.add("experiment " + experiment.id()
                + (experiment.namespace() == null
                        ? ""
                        : " in " + experiment.namespace() + (experiment.isProduction() ? " (production)" : "")));
        if (!experiment.hypothesis().isEmpty()) {
            lines.add("hypothesis: " + experiment.hypothesis());
        }
        lines.add("1. baseline: " + text(plan.baseline()) + " and at least " + plan.baselineRequests() + " requests of "
                + String.join(", ", plan.services()));
        lines.add("2. injection: " + text(plan.injection()) + ", at most " + experiment.blastRadius()
                + " of the traffic in scope");
        faults(experiment).forEach(fault -> lines.add("   " + fault));
        for (Condition condition : plan.conditions()) {
            lines.add("   must hold: " + condition.name()
                    + (condition.query() == null
                            ? ", over all traffic and in the exposed cohort"
                            : " = " + resolved.queries().get(condition.query())));
        }
        lines.add("   taken back at once on: " + experiment.autoRollback().on());
        lines.add("3. recovery: back in the steady state for " + text(plan.recoveryStable()) + ", within "
                + text(plan.recoveryLimit()));
        if (resolved.options().timeScale() != 1) {
            lines.add("phases are scaled by " + resolved.options().timeScale()
                    + "; leases, time-outs and injected delays are not");
        }
        lines.add("seed of the draws: " + experiment.seed());
        return lines;
    }

    private static String text(Duration duration) {
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
    }
}
