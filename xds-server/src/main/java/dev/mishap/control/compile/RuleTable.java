package dev.mishap.control.compile;

import dev.mishap.control.xds.NodeInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The rules in force at one moment, found by the service that they are for. Immutable. */
final class RuleTable {
    static final RuleTable EMPTY = new RuleTable(Map.of());

    private final Map<String, ActiveRule> rules;
    /** By {@code namespace/service}; those for any service under {@code namespace/}. In the order in which they act. */
    private final Map<String, List<ActiveRule>> byService = new HashMap<>();

    private RuleTable(Map<String, ActiveRule> rules) {
        this.rules = rules;
        for (ActiveRule rule : rules.values().stream().sorted(ActiveRule.ORDER).toList()) {
            services(rule)
                    .forEach(s -> byService
                            .computeIfAbsent(rule.namespace() + '/' + s, k -> new ArrayList<>())
                            .add(rule));
        }
    }

    private static List<String> services(ActiveRule rule) {
        List<String> services = rule.rule().targets().services();
        return services.isEmpty() ? List.of("") : services.stream().distinct().toList();
    }

    /**
     * The table after a change.
     *
     * @param changed by key; null = gone
     */
    RuleTable with(Map<String, @Nullable ActiveRule> changed) {
        Map<String, ActiveRule> next = new HashMap<>(rules);
        changed.forEach((key, rule) -> {
            if (rule == null) {
                next.remove(key);
            } else {
                next.put(key, rule);
            }
        });
        return new RuleTable(next);
    }

    @Nullable
    ActiveRule get(String key) {
        return rules.get(key);
    }

    Collection<ActiveRule> all() {
        return rules.values();
    }

    /** The rules that are for a node now. */
    List<ActiveRule> of(NodeInfo node, Map<String, String> labels, long epochMillis) {
        String namespace = NodeCapabilities.namespace(node);
        List<ActiveRule> matching = new ArrayList<>();
        collect(byService.get(namespace + '/'), node, labels, epochMillis, matching);
        if (!node.cluster().isEmpty()) {
            collect(byService.get(namespace + '/' + node.cluster()), node, labels, epochMillis, matching);
        }
        return matching;
    }

    private static void collect(
            @Nullable List<ActiveRule> some,
            NodeInfo node,
            Map<String, String> labels,
            long epochMillis,
            List<ActiveRule> into) {
        if (some != null) {
            for (ActiveRule rule : some) {
                if (!rule.over(epochMillis) && NodeCapabilities.targets(rule, node, labels)) {
                    into.add(rule);
                }
            }
        }
    }
}
