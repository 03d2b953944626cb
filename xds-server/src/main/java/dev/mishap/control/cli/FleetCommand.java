package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Tells who is connected. */
@Command(
        name = "fleet",
        description =
                "Who is connected, which version they have, what they refused, what they can honour. With a node's id: all of it.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mishap fleet",
            "  mishap fleet --state NACKED -o wide",
            "  mishap fleet checkout-7f9c -o yaml",
            "",
            ClientCommand.EXIT_CODES
        })
final class FleetCommand extends ClientCommand {
    @Parameters(index = "0", arity = "0..1", paramLabel = "NODE", description = "A node's id.")
    private @Nullable String node;

    @Option(names = "--service", paramLabel = "NAME", description = "Nodes of this service (cluster).")
    private @Nullable String service;

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAMESPACE",
            description = "Nodes that get the rules of this namespace.")
    private @Nullable String namespace;

    @Option(names = "--state", paramLabel = "STATE", description = "ACKED, SENT, REQUESTED or NACKED.")
    private @Nullable String state;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "${COMPLETION-CANDIDATES}. Default: table.")
    private Output output = Output.table;

    @Override
    int run(ApiClient client) throws ApiException {
        StringBuilder path = new StringBuilder("/api/v1/fleet?limit=1000");
        add(path, "node", node);
        add(path, "cluster", service);
        add(path, "namespace", namespace);
        add(path, "state", state);
        ObjectNode fleet = null;
        String next = "";
        do {
            JsonNode part = client.get(path + (next.isEmpty() ? "" : "&continue=" + ApiClient.encode(next)))
                    .document();
            next = text(part, "/metadata/continue");
            if (fleet == null) {
                fleet = (ObjectNode) part;
            } else {
                ((ArrayNode) fleet.path("items")).addAll((ArrayNode) part.path("items"));
            }
        } while (!next.isEmpty());
        switch (output) {
            case json, yaml -> print(node == null ? fleet : fleet.path("items").get(0), output);
            case name -> fleet.path("items").forEach(each -> out().println(text(each, "/id")));
            case table, wide -> {
                if (node == null) {
                    table(fleet);
                } else {
                    describe(fleet.path("items").get(0));
                }
            }
        }
        return Mishap.OK;
    }

    private static void add(StringBuilder path, String name, @Nullable String value) {
        if (value != null) {
            path.append('&').append(name).append('=').append(ApiClient.encode(value));
        }
    }

    private void table(JsonNode fleet) {
        if (fleet.at("/killSwitch/engaged").asBoolean()) {
            out().println("ALL FAULTS ARE STOPPED by " + text(fleet, "/killSwitch/by") + " since "
                    + text(fleet, "/killSwitch/at") + ": " + dash(text(fleet, "/killSwitch/reason")));
        }
        List<String> headings =
                new ArrayList<>(List.of("NODE", "SERVICE", "NAMESPACE", "KIND", "VERSION", "STATE", "AGE"));
        if (output == Output.wide) {
            headings.addAll(List.of("ADDRESS", "PROTOCOLS", "CAN", "LAST ERROR"));
        }
        Table table = new Table(headings.toArray(new String[0]));
        for (JsonNode each : fleet.path("items")) {
            List<String> row = new ArrayList<>(List.of(
                    text(each, "/id"),
                    dash(text(each, "/cluster")),
                    text(each, "/namespace"),
                    text(each, "/kind"),
                    dash(text(each, "/version")),
                    text(each, "/state"),
                    dash(distance(text(each, "/connected")))));
            if (output == Output.wide) {
                List<String> protocols = new ArrayList<>();
                each.path("protocols").forEach(p -> protocols.add(text(p)));
                row.addAll(List.of(
                        dash(text(each, "/address")),
                        dash(String.join(",", protocols)),
                        dash(text(each, "/capabilities/faults")),
                        dash(error(each))));
            }
            table.add(row.toArray(new String[0]));
        }
        if (fleet.path("items").isEmpty()) {
            err().println("no nodes are connected to this server");
        } else {
            table.print(out());
        }
    }

    private static String error(JsonNode node) {
        for (JsonNode type : node.path("types")) {
            String error = type.path("error").asString("");
            if (!error.isEmpty()) {
                return plain(error.lines().findFirst().orElse(""));
            }
        }
        return "";
    }

    private void describe(JsonNode each) {
        for (String field :
                List.of("id", "cluster", "namespace", "kind", "version", "locality", "address", "connected", "state")) {
            out().println(field + ": " + dash(text(each, "/" + field)));
        }
        each.path("capabilities")
                .properties()
                .forEach(c -> out().println("can, " + c.getKey() + ": " + text(c.getValue())));
        Table types = new Table("TYPE", "STATE", "RESOURCES", "SENT", "ACKED", "ERROR");
        for (JsonNode type : each.path("types")) {
            String url = text(type, "/type");
            types.add(
                    url.substring(url.lastIndexOf('.') + 1),
                    text(type, "/state"),
                    type.path("resources").asString("0"),
                    dash(text(type, "/sentVersion")),
                    dash(text(type, "/ackedVersion")),
                    dash(text(type, "/error")));
        }
        types.print(out());
        if (!each.path("rules").isEmpty()) {
            Table rules = new Table("RULE", "OUTCOME", "HOW", "WHY NOT");
            for (JsonNode rule : each.path("rules")) {
                rules.add(
                        text(rule, "/rule"),
                        text(rule, "/outcome"),
                        dash(join(rule.path("ways"))),
                        dash(join(rule.path("reasons"))));
            }
            rules.print(out());
        }
    }

    private static String join(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(each -> texts.add(text(each)));
        return String.join("; ", texts);
    }
}
