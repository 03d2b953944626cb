package dev.mishap.control.rules;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.envoy.HttpFault;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.importer.ImportResult;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.RuleWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes rules and experiments in another form. */
public final class RuleConverter {
    /** What can be written. */
    public enum Format {
        /** Our YAML. */
        mishap,
        /** Our JSON. */
        json,
        /** The one-line form. */
        line,
        /** HTTPFault filters of a stock Envoy. */
        envoy
    }

    private RuleConverter() {}

    /** What of it the format has no words for; empty = {@link #write} can be called. */
    public static List<String> inexpressible(ImportResult.Imported input, Format format) {
        List<String> missing = new ArrayList<>();
        for (FaultRule rule : input.rules()) {
            List<String> fields = switch (format) {
                case mishap, json -> List.of();
                case line -> RuleLine.inexpressible(rule);
                case envoy -> HttpFault.inexpressible(rule);
            };
            fields.forEach(field -> missing.add("rule " + rule.name() + ": " + field));
        }
        if (format == Format.line || format == Format.envoy) {
            input.experiments().forEach(e -> missing.add("experiment " + e.name() + ": only rules can be written so"));
        }
        return missing;
    }

    /** The whole text, with a line feed at its end. */
    public static String write(ImportResult.Imported input, Format format) {
        return switch (format) {
            case mishap ->
                String.join(
                        "---\n",
                        documents(input).stream().map(DocumentText::yaml).toList());
            case json ->
                String.join(
                        "---\n",
                        documents(input).stream().map(DocumentText::json).toList());
            case line ->
                String.join(
                        "",
                        input.rules().stream()
                                .map(r -> RuleLine.print(r) + "\n")
                                .toList());
            case envoy ->
                DocumentText.yaml(Map.of(
                        "http_filters",
                        input.rules().stream().map(HttpFault::filter).toList()));
        };
    }

    private static List<Map<String, Object>> documents(ImportResult.Imported input) {
        List<Map<String, Object>> documents = new ArrayList<>();
        for (FleetRule rule : input.fleetRules()) {
            documents.add(RuleWriter.write(rule));
        }
        for (Experiment experiment : input.experiments()) {
            documents.add(RuleWriter.write(experiment));
        }
        return documents;
    }
}
