package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Follows changes of rules. */
@Command(
        name = "watch",
        description =
                "Follow the changes of rules: all there are first, then each change as it happens. Ends with Ctrl-C.",
        footerHeading = "%nExamples:%n",
        footer = {"  mishap watch rules -A", "  mishap watch rules -l team=pay -o json", "", ClientCommand.EXIT_CODES})
final class WatchCommand extends ClientCommand {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int RETRIES = 30;

    @Mixin
    private Place place = new Place();

    @Parameters(index = "0", arity = "0..1", paramLabel = "KIND", description = "rules.")
    private GetCommand.Kind kind = GetCommand.Kind.rules;

    @Option(
            names = {"-A", "--all-namespaces"},
            description = "Of all namespaces.")
    private boolean all;

    @Option(
            names = {"-l", "--selector"},
            paramLabel = "SELECTOR",
            description = "By labels, such as team=pay,tier!=gold.")
    private @Nullable String selector;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "table: a line each; json: an object a line with type and object; name. Default: table.")
    private Output output = Output.table;

    @Option(names = "--count", paramLabel = "N", description = "End after so many events.", defaultValue = "0")
    private int count;

    private String last = "";
    private int seen;
    /** Of every kind, so that the stream was there. */
    private long received;

    @Override
    int run(ApiClient client) throws ApiException {
        if (!kind.isRules()) {
            throw bad("rules can be watched; `mishap get experiments` lists runs");
        }
        String path = (all ? "/api/v1/rules" : Place.rules(place.of(client))) + "?watch=true"
                + (selector == null ? "" : "&labelSelector=" + ApiClient.encode(selector));
        int failures = 0;
        while (true) {
            long before = received;
            try {
                client.events(path, last.isEmpty() ? null : last, this::event);
                if (count > 0 && seen >= count) {
                    return Mishap.OK;
                }
            } catch (ApiException e) {
                // A server that restarts comes back; one that refuses does not change its mind.
                if (e.status() == 410) {
                    err().println("mishap: " + e.getMessage());
                    last = "";
                } else if (e.status() != 0 && e.status() != 503 || received == 0 || failures >= RETRIES) {
                    throw e;
                }
            }
            failures = received == before ? failures + 1 : 0;
            pause(Math.min(5000, 200L << Math.min(failures, 5)));
        }
    }

    private static void pause(long millis) {
        java.util.concurrent.locks.LockSupport.parkNanos(millis * 1_000_000);
    }

    private boolean event(ApiClient.Event event) {
        received++;
        last = event.id();
        if (event.type().equals("BOOKMARK")) {
            return true;
        }
        JsonNode object;
        try {
            object = JSON.readTree(event.data());
        } catch (JacksonException e) {
            return true;
        }
        switch (output) {
            case json, yaml -> out().println("{\"type\":\"" + event.type() + "\",\"object\":" + event.data() + "}");
            case name -> out().println(event.type() + " rule/" + text(object, "/metadata/name"));
            case table, wide -> out().println(line(event.type(), object));
        }
        out().flush();
        return count == 0 || ++seen < count;
    }

    private String line(String type, JsonNode object) {
        if (type.equals("KILL_SWITCH")) {
            boolean engaged = object.path("engaged").asBoolean();
            return String.format(
                    "%-11s %s by %s: %s",
                    type, engaged ? "all faults stopped" : "re-armed", text(object, "/by"), text(object, "/reason"));
        }
        return String.format(
                "%-11s %s/%s  %s  %s",
                type,
                text(object, "/metadata/namespace"),
                text(object, "/metadata/name"),
                text(object, "/status/phase"),
                text(object, "/status/summary"));
    }
}
