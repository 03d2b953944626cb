package dev.mishap.control.api;

import static dev.mishap.control.api.Documents.map;

import dev.mishap.control.http.Answer;
import dev.mishap.control.http.Exchange;
import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Role;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The nodes that are connected, and the switch that ends all of their faults. */
final class FleetResource {
    private static final int DEFAULT_LIMIT = 500;
    private static final int MAX_LIMIT = 1000;

    private final RuleService service;

    FleetResource(RuleService service) {
        this.service = service;
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
        caller.requireAnywhere(Role.VIEWER);
        String node = exchange.query().get("node");
        return Answer.document(
                200,
                fleet(
                        caller,
                        node,
                        exchange.query().get("cluster"),
                        exchange.query().get("namespace"),
                        exchange.query().get("state"),
                        (int) exchange.query().number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT),
                        exchange.query().get("continue", "")));
    }

    private Map<String, Object> fleet(
            Caller caller,
            @Nullable String node,
            @Nullable String cluster,
            @Nullable String namespace,
            @Nullable String state,
            int limit,
            String after) {
        Map<String, Integer> states = new TreeMap<>();
        Map<String, Integer> kinds = new TreeMap<>();
        List<Object> items = new ArrayList<>();
        String next = null;
        String last = "";
        int total = 0;
        for (FleetView.Node each : service.fleet().nodes()) {
            if (!caller.mayWithin(Role.VIEWER, each.namespace())
                    || node != null && !node.equals(each.id())
                    || cluster != null && !cluster.equals(each.cluster())
                    || namespace != null && !namespace.equals(each.namespace())
                    || state != null && !state.equals(each.state())) {
                continue;
            }
            total++;
            states.merge(each.state(), 1, Integer::sum);
            kinds.merge(each.kind(), 1, Integer::sum);
            if (each.id().compareTo(after) <= 0) {
                continue;
            }
            if (items.size() < limit) {
                Map<String, Object> item = Documents.node(each);
                if (node != null) {
                    item.put("rules", rules(caller, each));
                }
                items.add(item);
                last = each.id();
            } else {
                next = last;
            }
        }
        if (node != null && items.isEmpty()) {
            throw new ProblemException(ProblemKind.NOT_FOUND, "no node '" + node + "' is connected to this server");
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("total", total);
        if (next != null) {
            metadata.put("continue", next);
        }
        return map(
                "apiVersion", "mishap.dev/v1",
                "kind", "Fleet",
                "metadata", metadata,
                "killSwitch", Documents.killSwitch(service.killSwitch()),
                "states", states,
                "kinds", kinds,
                "items", items);
    }

    /** What becomes of each rule of its namespace on a node. */
    private List<Object> rules(Caller caller, FleetView.Node node) {
        List<Object> rules = new ArrayList<>();
        for (StoredRule rule : service.registry().snapshot().rules()) {
            if (rule.namespace().equals(node.namespace())
                    && caller.may(Role.VIEWER, rule.namespace(), rule.labels())
                    && rules.size() < MAX_LIMIT) {
                for (FleetView.Honour honour : service.fleet().honouring(rule.namespace(), rule.rule())) {
                    if (honour.node().equals(node.id())) {
                        Map<String, Object> each = map("rule", rule.key().toString());
                        each.putAll(Documents.honour(honour));
                        rules.add(each);
                    }
                }
            }
        }
        return rules;
    }
}
