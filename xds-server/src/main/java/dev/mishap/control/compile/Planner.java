package dev.mishap.control.compile;

import dev.mishap.control.base.NodeKind;
import dev.mishap.control.xds.Resource;
import dev.mishap.rules.fault.Fault;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one node's rules come to. A function of its arguments: nodes for which they are equal share the answer.
 *
 * <p>Listeners are not touched to start or stop a fault. The exception is a listener that has no place for one at all: fault filters are
 * put into it when the first rule needs them, and stay.
 */
public final class Planner {
    private final Duration timeToLive;
    private final boolean mayInsert;
    private final int filters;

    /**
     * Makes one.
     *
     * @param timeToLive how long a fault outlives this server
     * @param mayInsert whether listeners without a fault filter may get some
     * @param filters how many they get
     */
    public Planner(Duration timeToLive, boolean mayInsert, int filters) {
        this.timeToLive = timeToLive;
        this.mayInsert = mayInsert;
        this.filters = filters;
    }

    /**
     * Plans.
     *
     * @param rules those that are for this node
     * @param before the node's last plan
     * @param epochMillis now
     */
    public NodePlan plan(
            NodeCapabilities node, BaseShape base, List<ActiveRule> rules, NodePlan before, long epochMillis) {
        Map<String, Verdict> verdicts = new LinkedHashMap<>();
        List<ActiveRule> sorted = rules.stream().sorted(ActiveRule.ORDER).toList();
        sorted.forEach(rule -> verdicts.put(rule.key(), new Verdict()));
        Map<String, Resource> resources = new LinkedHashMap<>();
        NodePlan partial = switch (node.kind()) {
            case MISHAP -> mishap(node, base, sorted, before, epochMillis, verdicts, resources);
            case GRPC -> new GrpcPlan(base, verdicts, resources).plan(sorted, epochMillis);
            case ENVOY -> envoy(node, base, sorted, before, epochMillis, verdicts, resources);
        };
        if (node.polls()) {
            withoutTimeToLive(node, sorted, verdicts, resources);
        }
        Map<String, Honouring> honouring = new LinkedHashMap<>();
        verdicts.forEach((key, verdict) -> honouring.put(key, verdict.honouring()));
        return new NodePlan(List.copyOf(resources.values()), honouring, partial.slots(), partial.insertions());
    }

    /** A node that polls hears of no heartbeat: what ends its faults is this server, or in our own proxy the rule's own ttl. */
    private static void withoutTimeToLive(
            NodeCapabilities node,
            List<ActiveRule> rules,
            Map<String, Verdict> verdicts,
            Map<String, Resource> resources) {
        resources.replaceAll((key, resource) -> resource.withTtl(null));
        for (ActiveRule rule : rules) {
            Verdict verdict = verdicts.get(rule.key());
            if (verdict != null
                    && (node.kind() != NodeKind.MISHAP || rule.rule().ttl() == null)) {
                verdict.note("the node polls, so that the fault stays if this server dies before the rule ends");
            }
        }
    }

    /** Whether what becomes of a rule on a node does not depend on the others that it has. */
    boolean placesAlone(NodeCapabilities node, BaseShape base, ActiveRule rule) {
        return node.kind() == NodeKind.MISHAP && takesWhole(base, rule);
    }

    private static boolean takesWhole(BaseShape base, ActiveRule rule) {
        return rule.rule().fault().kind().plane() != Fault.Plane.REQUEST || MishapPlan.takesRequests(base);
    }

    private NodePlan envoy(
            NodeCapabilities node,
            BaseShape base,
            List<ActiveRule> rules,
            NodePlan before,
            long epochMillis,
            Map<String, Verdict> verdicts,
            Map<String, Resource> resources) {
        return new EnvoyPlan(node, base, timeToLive, mayInsert, filters, before, verdicts, resources)
                .plan(rules, epochMillis);
    }

    /** A base that is not made for our proxy has for requests nothing but what Envoy has. */
    private NodePlan mishap(
            NodeCapabilities node,
            BaseShape base,
            List<ActiveRule> rules,
            NodePlan before,
            long epochMillis,
            Map<String, Verdict> verdicts,
            Map<String, Resource> resources) {
        boolean all = MishapPlan.takesRequests(base);
        NodePlan whole = new MishapPlan(node, base, timeToLive, verdicts, resources)
                .plan(
                        all
                                ? rules
                                : rules.stream()
                                        .filter(r -> takesWhole(base, r))
                                        .toList());
        return all
                ? whole
                : envoy(
                        node,
                        base,
                        rules.stream().filter(r -> !takesWhole(base, r)).toList(),
                        before,
                        epochMillis,
                        verdicts,
                        resources);
    }
}
