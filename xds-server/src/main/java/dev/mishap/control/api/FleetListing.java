package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which nodes a caller is told of, and what becomes of the rules on one, whichever protocol asks. */
final class FleetListing {
    static final int DEFAULT_LIMIT = 500;
    static final int MAX_LIMIT = 1000;

    private final RuleService service;

    FleetListing(RuleService service) {
        this.service = service;
    }

    /** Null = any. @param after the id of the last node of the part before; empty = from the first */
    record Wanted(
            @Nullable String node,
            @Nullable String cluster,
            @Nullable String namespace,
            @Nullable String state,
            int limit,
            String after) {
        private boolean matches(FleetView.Node each) {
            return (node == null || node.equals(each.id()))
                    && (cluster == null || cluster.equals(each.cluster()))
                    && (namespace == null || namespace.equals(each.namespace()))
                    && (state == null || state.equals(each.state()));
        }
    }

    /**
     * A part of the listing.
     *
     * @param total nodes that match, in all parts; {@code states} and {@code kinds} count these
     * @param next goes on with it; null = this is the end
     */
    record Part(
            int total,
            Map<String, Integer> states,
            Map<String, Integer> kinds,
            List<FleetView.Node> nodes,
            @Nullable String next) {}

    /** @throws ProblemException when a node is asked for that is not connected */
    Part part(Caller caller, Wanted wanted) {
        caller.requireAnywhere(Role.VIEWER);
        Map<String, Integer> states = new TreeMap<>();
        Map<String, Integer> kinds = new TreeMap<>();
        List<FleetView.Node> nodes = new ArrayList<>();
        String next = null;
        int total = 0;
        for (FleetView.Node each : service.fleet().nodes()) {
            if (!caller.mayWithin(Role.VIEWER, each.namespace()) || !wanted.matches(each)) {
                continue;
            }
            total++;
            states.merge(each.state(), 1, Integer::sum);
            kinds.merge(each.kind(), 1, Integer::sum);
            if (each.id().compareTo(wanted.after()) > 0) {
                if (nodes.size() < wanted.limit()) {
                    nodes.add(each);
                } else {
                    next = nodes.get(nodes.size() - 1).id();
                }
            }
        }
        if (wanted.node() != null && nodes.isEmpty()) {
            throw new ProblemException(
                    ProblemKind.NOT_FOUND, "no node '" + wanted.node() + "' is connected to this server");
        }
        return new Part(total, states, kinds, nodes, next);
    }

    /** What becomes of a rule, by its {@code namespace/name}. */
    record Outcome(String rule, FleetView.Honour honour) {}

    /** What becomes of each rule of its namespace on a node. */
    List<Outcome> rules(Caller caller, FleetView.Node node) {
        List<Outcome> rules = new ArrayList<>();
        for (StoredRule rule : service.registry().snapshot().rules()) {
            if (rule.namespace().equals(node.namespace())
                    && caller.may(Role.VIEWER, rule.namespace(), rule.labels())
                    && rules.size() < MAX_LIMIT) {
                for (FleetView.Honour honour : service.fleet().honouring(rule.namespace(), rule.rule(), node.id())) {
                    rules.add(new Outcome(rule.key().toString(), honour));
                }
            }
        }
        return rules;
    }
}
