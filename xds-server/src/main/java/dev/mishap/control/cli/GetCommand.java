package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/** Lists rules. */
@Command(
        name = "get",
        description = "List rules or the runs of experiments, or get one.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mishap get rules -A",
            "  mishap get rules -l team=pay -o wide",
            "  mishap get rule canary-503 -n staging -o yaml",
            "  mishap get experiments --experiment PAY-503-2024-Q4",
            "",
            ClientCommand.EXIT_CODES
        })
final class GetCommand extends ClientCommand {
    /** What can be got. */
    enum Kind {
        rules,
        rule,
        experiments,
        experiment;

        boolean isRules() {
            return this == rules || this == rule;
        }
    }

    @Mixin
    private Place place = new Place();

    @Parameters(index = "0", paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}.")
    private Kind kind = Kind.rules;

    @Parameters(index = "1..*", paramLabel = "NAME", arity = "0..*", description = "Names. Default: all.")
    private List<String> names = List.of();

    @Option(
            names = {"-A", "--all-namespaces"},
            description = "Of all namespaces.")
    private boolean all;

    @Option(
            names = {"-l", "--selector"},
            paramLabel = "SELECTOR",
            description = "By labels, such as team=pay,tier!=gold.")
    private @Nullable String selector;

    @Option(names = "--experiment", paramLabel = "ID", description = "Of this experiment.")
    private @Nullable String experiment;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "${COMPLETION-CANDIDATES}. Default: table.")
    private Output output = Output.table;

    /** For when nothing was found. */
    private String where = "";

    @Override
    int run(ApiClient client) throws ApiException {
        where = all ? "" : " in namespace " + place.of(client) + "; -A lists all";
        List<JsonNode> rules = new ArrayList<>();
        int exit = Mishap.OK;
        if (!kind.isRules() && selector != null) {
            throw bad("runs of experiments have no labels: -l is for rules");
        }
        if (!names.isEmpty()) {
            if (all || selector != null || experiment != null) {
                throw bad("names, and -A, -l or --experiment, do not go together");
            }
            for (String name : names) {
                try {
                    rules.add(client.get(
                                    kind.isRules()
                                            ? Place.rule(place.of(client), name)
                                            : Place.experiment(place.of(client), name))
                            .document());
                } catch (ApiException e) {
                    if (e.status() != 404) {
                        throw e;
                    }
                    fail(e);
                    exit = Mishap.NO;
                }
            }
        } else {
            if (all && place.said() != null) {
                throw bad("-A and -n do not go together");
            }
            rules.addAll(list(client));
        }
        if (!(exit != Mishap.OK && rules.isEmpty())) {
            print(rules);
        }
        return exit;
    }

    private List<JsonNode> list(ApiClient client) throws ApiException {
        String path = (kind.isRules()
                        ? all ? "/api/v1/rules" : Place.rules(place.of(client))
                        : all ? "/api/v1/experiments" : Place.experiments(place.of(client)))
                + "?limit=500";
        if (selector != null) {
            path += "&labelSelector=" + ApiClient.encode(selector);
        }
        if (experiment != null) {
            path += "&experimentId=" + ApiClient.encode(experiment);
        }
        List<JsonNode> rules = new ArrayList<>();
        String next = "";
        do {
            JsonNode part = client.get(path + (next.isEmpty() ? "" : "&continue=" + ApiClient.encode(next)))
                    .document();
            part.path("items").forEach(rules::add);
            next = text(part, "/metadata/continue");
        } while (!next.isEmpty());
        return rules;
    }

    private void print(List<JsonNode> rules) {
        switch (output) {
            case json, yaml -> {
                if (names.size() == 1) {
                    print(rules.get(0), output);
                    return;
                }
                ArrayNode items = new JsonMapper().createArrayNode();
                rules.forEach(items::add);
                Map<String, Object> list = new LinkedHashMap<>();
                list.put("apiVersion", "mishap.dev/v1");
                list.put("kind", kind.isRules() ? "FaultRuleList" : "ExperimentRunList");
                list.put("items", items);
                print(new JsonMapper().valueToTree(list), output);
            }
            case name ->
                rules.forEach(rule ->
                        out().println((kind.isRules() ? "rule/" : "experiment/") + text(rule, "/metadata/name")));
            case table, wide -> {
                if (kind.isRules()) {
                    table(rules);
                } else if (rules.isEmpty()) {
                    err().println("no runs of experiments are recorded" + where
                            + "; `mishap run --server` records one");
                } else {
                    ExperimentWords.table(rules, all, output == Output.wide).print(out());
                }
            }
        }
    }

    private void table(List<JsonNode> rules) {
        if (rules.isEmpty()) {
            err().println("no rules found" + where);
            return;
        }
        List<String> headings = new ArrayList<>(all ? List.of("NAMESPACE") : List.of());
        headings.addAll(List.of("NAME", "PHASE", "ENDS IN", "AGE", "WHAT"));
        if (output == Output.wide) {
            headings.addAll(List.of("EXPERIMENT", "LABELS", "BY"));
        }
        Table table = new Table(headings.toArray(new String[0]));
        for (JsonNode rule : rules) {
            List<String> row = new ArrayList<>(all ? List.of(text(rule, "/metadata/namespace")) : List.of());
            row.addAll(List.of(
                    text(rule, "/metadata/name"),
                    text(rule, "/status/phase"),
                    dash(distance(text(rule, "/status/expiresAt"))),
                    dash(distance(text(rule, "/metadata/creationTimestamp"))),
                    text(rule, "/status/summary")));
            if (output == Output.wide) {
                List<String> labels = new ArrayList<>();
                rule.at("/metadata/labels")
                        .properties()
                        .forEach(l -> labels.add(l.getKey() + "=" + text(l.getValue())));
                row.addAll(List.of(
                        dash(text(rule, "/spec/experimentId")),
                        dash(String.join(",", labels)),
                        dash(text(rule, "/metadata/updatedBy"))));
            }
            table.add(row.toArray(new String[0]));
        }
        table.print(out());
    }
}
