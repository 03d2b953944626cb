package dev.mishap.control.api;

import static dev.mishap.control.api.Documents.map;

import dev.mishap.control.http.Answer;
import dev.mishap.control.http.Exchange;
import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** The audit log, to read and to take elsewhere. */
final class AuditResource {
    private static final int DEFAULT_LIMIT = 200;
    private static final int MAX_LIMIT = 1000;
    private static final JsonMapper JSON = new JsonMapper();

    private final AuditTrail audit;

    AuditResource(AuditTrail audit) {
        this.audit = audit;
    }

    List<Route> routes() {
        return List.of(Route.of("GET", "/api/v1/audit", this::list)
                .doc(
                        "listAudit",
                        "audit",
                        "Read or export the audit log",
                        "In order, each entry with the hash of the one before. As application/x-ndjson: one entry a line, as it was"
                                + " chained; the header mishap-continue goes on.")
                .query("from", "The first sequence.", Map.of("type", "integer", "minimum", 1, "default", 1))
                .query(
                        "limit",
                        "How many at most.",
                        Map.of("type", "integer", "minimum", 1, "maximum", MAX_LIMIT, "default", DEFAULT_LIMIT))
                .produces(MediaType.JSON, MediaType.YAML, MediaType.NDJSON)
                .answers(200, "Entries.", "AuditList", null)
                .problems(ProblemKind.FORBIDDEN));
    }

    private Answer list(Exchange exchange) {
        exchange.caller().requireEverywhere(Role.ADMIN);
        AuditTrail.Part part = audit.list(exchange.query().number("from", 1, 1, Long.MAX_VALUE), (int)
                exchange.query().number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT));
        if (exchange.answerType() == MediaType.NDJSON) {
            Answer answer = Answer.text(
                    MediaType.NDJSON.text(), part.lines().isEmpty() ? "" : String.join("\n", part.lines()) + "\n");
            return part.next() == 0 ? answer : answer.header("mishap-continue", Long.toString(part.next()));
        }
        List<Object> items = new ArrayList<>();
        for (String line : part.lines()) {
            items.add(JSON.readValue(line, Map.class));
        }
        Map<String, Object> metadata = part.next() == 0 ? map() : map("continue", Long.toString(part.next()));
        return Answer.document(200, map("metadata", metadata, "items", items));
    }
}
