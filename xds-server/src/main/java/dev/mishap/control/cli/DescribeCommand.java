package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import dev.mishap.rules.yaml.DocumentText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Tells all of one rule. */
@Command(
        name = "describe",
        description = {
            "Tell all of a rule: what it says, how long it lives, what each node makes of it.",
            "Or of a run of an experiment: who ran it, its phases, verdict and results. `mishap fleet NODE` tells all of a node."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mishap describe rule canary-503",
            "  mishap describe experiment 0b0a4a6e-7c1f-4c2b-9d6e-0f5b6f2a1c3d -n pay",
            "",
            ClientCommand.EXIT_CODES
        })
final class DescribeCommand extends ClientCommand {
    @Mixin
    private Place place = new Place();

    @Parameters(index = "0", paramLabel = "KIND", description = "rule or experiment.")
    private GetCommand.Kind kind = GetCommand.Kind.rule;

    @Parameters(index = "1", paramLabel = "NAME", description = "Its name.")
    private String name = "";

    @Override
    int run(ApiClient client) throws ApiException {
        if (!kind.isRules()) {
            ExperimentWords.describe(
                            client.get(Place.experiment(place.of(client), name)).document())
                    .forEach(out()::println);
            return Mishap.OK;
        }
        JsonNode rule = client.get(Place.rule(place.of(client), name)).document();
        line("Name", text(rule, "/metadata/name"));
        line("Namespace", text(rule, "/metadata/namespace"));
        rule.at("/metadata/labels").properties().forEach(l -> line("Label", l.getKey() + "=" + text(l.getValue())));
        rule.at("/metadata/annotations")
                .properties()
                .forEach(a -> line("Annotation", a.getKey() + "=" + text(a.getValue())));
        String phase = text(rule, "/status/phase");
        line(
                "Phase",
                phase + (phase.equals("Stopped") ? " (all faults of the fleet are stopped: `mishap fleet`)" : ""));
        String expires = text(rule, "/status/expiresAt");
        line("Ends", expires.isEmpty() ? "when it is deleted" : expires + " (in " + distance(expires) + ")");
        line("Created", text(rule, "/metadata/creationTimestamp"));
        line("Updated", text(rule, "/metadata/updateTimestamp") + " by " + text(rule, "/metadata/updatedBy"));
        line(
                "Version",
                text(rule, "/metadata/resourceVersion") + ", generation "
                        + rule.at("/metadata/generation").asInt());
        line("What", text(rule, "/status/summary"));
        out().println("Spec:");
        Map<String, Object> spec = map(rule.path("spec"));
        DocumentText.yaml(spec).lines().forEach(each -> out().println("  " + each));
        JsonNode honouring = rule.at("/status/honouring");
        line(
                "Nodes",
                honouring.path("honoured").asInt() + " honour it, "
                        + honouring.path("partly").asInt() + " in part, "
                        + honouring.path("notHonoured").asInt() + " not");
        for (JsonNode node : honouring.path("nodes")) {
            List<String> reasons = new ArrayList<>();
            node.path("reasons").forEach(reason -> reasons.add(text(reason)));
            out().println("  " + text(node, "/node") + ": " + text(node, "/outcome") + ": "
                    + String.join("; ", reasons));
        }
        return Mishap.OK;
    }

    private void line(String what, String value) {
        out().println(what + ": " + " ".repeat(Math.max(0, 12 - what.length())) + value);
    }
}
