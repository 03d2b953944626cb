package dev.mishap.control.rules;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Protection;
import dev.mishap.rules.RuleOverlap;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.Injection;
import dev.mishap.rules.experiment.Slo;
import dev.mishap.rules.importer.ImportResult;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.Problem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was found in files of rules, each by itself and all together. */
public final class ValidationReport {
    private final List<RuleInput> inputs;
    private final List<FaultRule> rules = new ArrayList<>();
    /** Problems that no file has by itself. */
    private final List<String> clashes = new ArrayList<>();

    private final Protection protection;
    private boolean ok = true;

    /** @param protection of the proxies that the rules are for */
    public ValidationReport(List<RuleInput> inputs, Protection protection) {
        this.inputs = List.copyOf(inputs);
        this.protection = protection;
        Map<String, String> names = new HashMap<>();
        for (RuleInput input : inputs) {
            if (!(input.result() instanceof ImportResult.Imported imported)) {
                ok = false;
                continue;
            }
            for (FleetRule rule : imported.fleetRules()) {
                String name = (rule.namespace() == null ? "" : rule.namespace() + '/')
                        + rule.rule().name();
                String earlier = names.putIfAbsent(name, input.name());
                if (earlier == null) {
                    rules.add(rule.rule());
                } else {
                    clashes.add(input.name() + ": rule '" + name + "' stands in " + earlier + ", too");
                    ok = false;
                }
            }
        }
    }

    public boolean ok() {
        return ok;
    }

    /** For people, a line each. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (RuleInput input : inputs) {
            if (input.result() instanceof ImportResult.Imported imported) {
                lines.add(input.name() + ": ok, " + count(imported.rules().size(), "rule") + ", "
                        + count(imported.experiments().size(), "experiment"));
                imported.rules().forEach(rule -> lines.add("  rule " + rule.name() + ": " + RuleLine.describe(rule)));
                imported.experiments().forEach(e -> describe(e, lines));
                imported.notes().forEach(note -> lines.add("  note: " + note));
            } else if (input.result() instanceof ImportResult.Refused refused) {
                refused.problems().forEach(problem -> lines.add(problem.toString()));
            }
        }
        lines.addAll(clashes);
        for (RuleOverlap overlap : RuleOverlap.among(rules)) {
            lines.add("These rules can meet on "
                    + overlap.rules().get(0).fault().kind().plane().words() + ". They are drawn in this order:");
            for (int i = 0; i < overlap.rules().size(); i++) {
                lines.add("  " + (i + 1) + ". " + overlap.outcome().get(i));
            }
        }
        describeProtection(lines);
        return lines;
    }

    /** Rules with the same exceptions share a line: most have those of a proxy that was told nothing. */
    private void describeProtection(List<String> lines) {
        Map<List<String>, List<String>> bySpared = new LinkedHashMap<>();
        for (FaultRule rule : rules) {
            List<String> spared = protection.sparedFrom(rule);
            if (!spared.isEmpty()) {
                bySpared.computeIfAbsent(spared, k -> new ArrayList<>()).add(rule.name());
            }
        }
        bySpared.forEach((spared, names) -> lines.add(
                "Protected, and so left alone by " + String.join(", ", names) + ": " + String.join(", ", spared)));
        for (FaultRule rule : rules) {
            if (protection.isTouchedByName(rule)) {
                lines.add("Protected, and yet touched by " + rule.name() + ", which names it");
            }
        }
    }

    private static String count(int n, String what) {
        return n + " " + what + (n == 1 ? "" : "s");
    }

    private static void describe(Experiment e, List<String> lines) {
        lines.add("  experiment " + e.name() + " (" + e.id() + "): " + (e.isProduction() ? "in production, " : "")
                + "blast radius " + e.blastRadius() + ", " + e.duration().toSeconds() + "s");
        for (Injection injection : e.injections()) {
            long touched =
                    (long) injection.percentage().millionths() * e.blastRadius().millionths() / Percentage.SCALE;
            FaultRule shown = FaultRule.of("x", injection.scope(), injection.percentage(), injection.fault());
            String line = RuleLine.print(shown);
            lines.add("    " + injection.target() + ": " + line.substring(0, line.length() - " as x".length())
                    + ", about " + new Percentage((int) touched) + " of its requests in scope");
        }
        for (Slo slo : e.slos()) {
            lines.add("    slo " + slo.text() + (slo.query() == null ? "" : " by a query"));
        }
        if (e.slos().isEmpty()) {
            lines.add("    slo success at least 0.9 × and p95 at most 1.5 × the baseline");
        }
    }

    /** The same as JSON. */
    public String json() {
        List<Object> files = new ArrayList<>();
        for (RuleInput input : inputs) {
            Map<String, Object> file = new LinkedHashMap<>();
            file.put("file", input.name());
            if (input.result() instanceof ImportResult.Imported imported) {
                file.put("ok", true);
                file.put("rules", imported.rules().stream().map(FaultRule::name).toList());
                file.put(
                        "experiments",
                        imported.experiments().stream().map(Experiment::name).toList());
                file.put("notes", imported.notes());
            } else if (input.result() instanceof ImportResult.Refused refused) {
                file.put("ok", false);
                file.put(
                        "problems",
                        refused.problems().stream().map(ValidationReport::json).toList());
            }
            files.add(file);
        }
        List<Object> overlaps = new ArrayList<>();
        for (RuleOverlap overlap : RuleOverlap.among(rules)) {
            Map<String, Object> each = new LinkedHashMap<>();
            each.put("rules", overlap.rules().stream().map(FaultRule::name).toList());
            each.put("outcome", overlap.outcome());
            overlaps.add(each);
        }
        List<Object> spared = new ArrayList<>();
        for (FaultRule rule : rules) {
            Map<String, Object> each = new LinkedHashMap<>();
            each.put("rule", rule.name());
            each.put("spares", protection.sparedFrom(rule));
            each.put("namesProtected", protection.isTouchedByName(rule));
            spared.add(each);
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("ok", ok);
        report.put("files", files);
        report.put("clashes", clashes);
        report.put("overlaps", overlaps);
        report.put("protection", spared);
        return DocumentText.json(report);
    }

    private static Map<String, Object> json(Problem problem) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("line", problem.line());
        map.put("column", problem.column());
        map.put("path", problem.path());
        map.put("message", problem.message());
        return map;
    }
}
