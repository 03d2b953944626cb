package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** Reads the audit log. */
@Command(
        name = "audit",
        description = "Read or export the audit log: who did what, when, from where. For admins.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mishap audit",
            "  mishap audit --from 1201 -o json > audit.ndjson     # each entry on a line, with the hash of the one before",
            "",
            ClientCommand.EXIT_CODES
        })
final class AuditCommand extends ClientCommand {
    @Option(
            names = "--from",
            paramLabel = "N",
            description = "The first sequence. Default: ${DEFAULT-VALUE}.",
            defaultValue = "1")
    private long from;

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "How many entries at most. Default: all.",
            defaultValue = "0")
    private long limit;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "table, or json: entries as they were chained, one a line. Default: table.")
    private Output output = Output.table;

    @Override
    int run(ApiClient client) throws ApiException {
        long next = from;
        long left = limit <= 0 ? Long.MAX_VALUE : limit;
        while (next > 0 && left > 0) {
            int part = (int) Math.min(1000, left);
            String path = "/api/v1/audit?from=" + next + "&limit=" + part;
            if (output == Output.json) {
                ApiClient.Reply reply = client.call("GET", path, null, "", Map.of("accept", "application/x-ndjson"));
                out().print(reply.text());
                String more = reply.header("mishap-continue");
                next = more == null ? 0 : Long.parseLong(more);
            } else {
                JsonNode list = client.get(path).document();
                for (JsonNode entry : list.path("items")) {
                    JsonNode record = entry.path("record");
                    String note = text(record, "/note");
                    out().println(entry.path("sequence").asString("") + "  " + text(record, "/at") + "  "
                            + text(record, "/who") + " (" + text(record, "/from") + ")  " + text(record, "/action")
                            + "  " + text(record, "/target") + (note.isEmpty() ? "" : "  " + note));
                }
                String more = text(list, "/metadata/continue");
                next = more.isEmpty() ? 0 : Long.parseLong(more);
            }
            left -= part;
        }
        return Mishap.OK;
    }
}
