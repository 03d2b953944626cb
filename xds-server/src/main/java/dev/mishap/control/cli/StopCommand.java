package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import dev.mishap.rules.yaml.DocumentText;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Ends faults: some rules, or all that the fleet does. */
@Command(
        name = "stop",
        description = {
            "End faults at once.",
            "--all is the switch of the whole fleet: no fault acts until `mishap stop --rearm`; the rules stay. The other forms delete the"
                    + " rules that they name."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mishap stop --all --reason 'incident 4711'",
            "  mishap stop --rearm",
            "  mishap stop --experiment PAY-503-2024-Q4",
            "  mishap stop canary-503 -n staging",
            "",
            ClientCommand.EXIT_CODES
        })
final class StopCommand extends ClientCommand {
    @Mixin
    private Place place = new Place();

    @Parameters(paramLabel = "NAME", arity = "0..*", description = "Rules of the namespace, by name.")
    private List<String> names = List.of();

    @Option(names = "--all", description = "All faults of the fleet, in all namespaces.")
    private boolean all;

    @Option(names = "--rearm", description = "Let faults act again after --all.")
    private boolean rearm;

    @Option(names = "--experiment", paramLabel = "ID", description = "The rules of an experiment, in all namespaces.")
    private @Nullable String experiment;

    @Option(
            names = {"-l", "--selector"},
            paramLabel = "SELECTOR",
            description = "Rules of the namespace by labels, such as team=pay.")
    private @Nullable String selector;

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            description = "Of --all and --rearm, for the audit log.",
            defaultValue = "")
    private String reason = "";

    @Override
    int run(ApiClient client) throws ApiException {
        int forms = (all ? 1 : 0)
                + (rearm ? 1 : 0)
                + (experiment != null ? 1 : 0)
                + (selector != null ? 1 : 0)
                + (names.isEmpty() ? 0 : 1);
        if (forms != 1) {
            throw bad("say what to stop, in one way: --all, --experiment ID, -l SELECTOR or names; or --rearm");
        }
        if (all || rearm) {
            JsonNode now = client.call(
                            "POST",
                            all ? "/api/v1/fleet:stop" : "/api/v1/fleet:rearm",
                            DocumentText.jsonLine(Map.of("reason", reason)),
                            "application/json",
                            Map.of())
                    .document();
            out().println(
                            now.path("engaged").asBoolean()
                                    ? "all faults of the fleet are stopped; `mishap stop --rearm` lets them act again"
                                    : "faults may act again");
            return Mishap.OK;
        }
        Map<String, Object> body = new LinkedHashMap<>();
        String path = "/api/v1/rules:stop";
        if (experiment != null) {
            body.put("experimentId", experiment);
        } else {
            path = Place.rules(place.of(client)) + ":stop";
            if (selector != null) {
                body.put("labelSelector", selector);
            } else {
                body.put("names", names);
            }
        }
        JsonNode stopped = client.call("POST", path, DocumentText.jsonLine(body), "application/json", Map.of())
                .document()
                .path("items");
        stopped.forEach(rule -> out().println(
                        "rule " + text(rule, "/metadata/namespace") + '/' + text(rule, "/metadata/name") + " stopped"));
        if (stopped.isEmpty()) {
            err().println("nothing matched");
        }
        return stopped.isEmpty() && !names.isEmpty() ? Mishap.NO : Mishap.OK;
    }
}
