package dev.mishap.control.api;

import static dev.mishap.control.api.Documents.map;

import dev.mishap.control.http.Answer;
import dev.mishap.control.http.Exchange;
import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Caller;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The nodes that are connected, and the switch that ends all of their faults. */
final class FleetResource {
    private static final int DEFAULT_LIMIT = FleetListing.DEFAULT_LIMIT;
    private static final int MAX_LIMIT = FleetListing.MAX_LIMIT;

    private final RuleService service;
    private final FleetListing listing;

    FleetResource(RuleService service, FleetListing listing) {
        this.service = service;
        this.listing = listing;
    }

    List<Route> routes() {
        Map<String, Object> text = Map.of("type", "string");
        return List.of(
                Route.of("GET", "/api/v1/fleet", this::fleet)
                        .doc(
                                "getFleet",
                                "fleet",
                                "Who is connected, which version they have, what they refused",
                                "With node=ID also what becomes of each rule on that node.")
                        .query("node", "Only the node of this id.", text)
                        .query("cluster", "Only nodes of this cluster (service).", text)
                        .query("namespace", "Only nodes that get the rules of this namespace.", text)
                        .query(
                                "state",
                                "Only nodes in this state.",
                                Map.of("type", "string", "enum", List.of("ACKED", "SENT", "REQUESTED", "NACKED")))
                        .query(
                                "limit",
                                "How many nodes at most.",
                                Map.of("type", "integer", "minimum", 1, "maximum", MAX_LIMIT, "default", DEFAULT_LIMIT))
                        .query(
                                "continue",
                                "Goes on after the node of this id: metadata.continue of the part before.",
                                text)
                        .answers(200, "The fleet.", "Fleet", null)
                        .problems(ProblemKind.FORBIDDEN),
                Route.of("POST", "/api/v1/fleet:stop", e -> killSwitch(e, true))
                        .doc(
                                "stopFleet",
                                "fleet",
                                "End all faults of the fleet, and let none act",
                                "Until it is re-armed. The rules stay. Every operator may do it.")
                        .body(List.of(MediaType.JSON), false, "Reason", Map.of("reason", "incident 4711"))
                        .answers(200, "The switch as it is now.", "KillSwitch", null)
                        .problems(ProblemKind.FORBIDDEN),
                Route.of("POST", "/api/v1/fleet:rearm", e -> killSwitch(e, false))
                        .doc(
                                "rearmFleet",
                                "fleet",
                                "Let faults act again",
                                "Rules whose ttl is not over act at once. For operators of all namespaces.")
                        .body(List.of(MediaType.JSON), false, "Reason", Map.of("reason", "incident 4711 is over"))
                        .answers(200, "The switch as it is now.", "KillSwitch", null)
                        .problems(ProblemKind.FORBIDDEN));
    }

    private Answer killSwitch(Exchange exchange, boolean engaged) {
        String reason = Json.text(Json.object(exchange.body(), Set.of("reason")), "reason");
        return Answer.document(200, Documents.killSwitch(service.killSwitch(exchange.caller(), engaged, reason)));
    }

    private Answer fleet(Exchange exchange) {
        Caller caller = exchange.caller();
        String node = exchange.query().get("node");
        FleetListing.Part part = listing.part(
                caller,
                new FleetListing.Wanted(
                        node,
                        exchange.query().get("cluster"),
                        exchange.query().get("namespace"),
                        exchange.query().get("state"),
                        (int) exchange.query().number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT),
                        exchange.query().get("continue", "")));
        List<Object> items = new ArrayList<>();
        for (FleetView.Node each : part.nodes()) {
            Map<String, Object> item = Documents.node(each);
            if (node != null) {
                item.put("rules", rules(caller, each));
            }
            items.add(item);
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("total", part.total());
        if (part.next() != null) {
            metadata.put("continue", part.next());
        }
        return Answer.document(
                200,
                map(
                        "apiVersion",
                        "mishap.dev/v1",
                        "kind",
                        "Fleet",
                        "metadata",
                        metadata,
                        "killSwitch",
                        Documents.killSwitch(service.killSwitch()),
                        "states",
                        part.states(),
                        "kinds",
                        part.kinds(),
                        "items",
                        items));
    }

    private List<Object> rules(Caller caller, FleetView.Node node) {
        List<Object> rules = new ArrayList<>();
        for (FleetListing.Outcome outcome : listing.rules(caller, node)) {
            Map<String, Object> each = map("rule", outcome.rule());
            each.putAll(Documents.honour(outcome.honour()));
            rules.add(each);
        }
        return rules;
    }
}
