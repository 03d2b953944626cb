package dev.mishap.control.compile;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The rules in force at one moment, found by the service that they are for. */
final class RuleTable {
    static final RuleTable EMPTY = new RuleTable(Map.of());

    private final Map<String, ActiveRule> rules;
    /** By {@code namespace/service}; those for any service under {@code namespace/}. In the order in which they act. */
    private final Map<String, List<ActiveRule>> byService = new HashMap<>();
    /** What nodes of a service have that no rule tells apart further; nodes that are alike share the list. */
    private final Map<String, Candidates> candidates = new ConcurrentHashMap<>();
    /**
     * Rules for a service.
     *
     * @param alone whether nothing but the service decides
     */
    private record Candidates(List<ActiveRule> rules, boolean alone) {
        static Candidates of(List<ActiveRule> rules) {
            return new Candidates(List.copyOf(rules), rules.stream().allMatch(ActiveRule::byServiceAlone));
        }
    }

    /** Before this no rule is over, in ms of the epoch. */
    private final long firstEnd;

    private RuleTable(Map<String, ActiveRule> rules) {
        this.rules = rules;
        long first = Long.MAX_VALUE;
        for (ActiveRule rule : rules.values().stream().sorted(ActiveRule.ORDER).toList()) {
            services(rule)
                    .forEach(s -> byService
                            .computeIfAbsent(rule.namespace() + '/' + s, k -> new ArrayList<>())
                            .add(rule));
            first = rule.until() == null ? first : Math.min(first, rule.until().toEpochMilli());
        }
        firstEnd = first;
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

    /** The rules that are for a node now, in the order in which they act. */
    List<ActiveRule> of(FleetNode node, long epochMillis) {
        Candidates found = candidates(node.namespace, node.info.cluster());
        return found.alone() && epochMillis < firstEnd
                ? found.rules()
                : found.rules().stream()
                        .filter(rule -> !rule.over(epochMillis) && node.isTargetOf(rule))
                        .toList();
    }

    private Candidates candidates(String namespace, String service) {
        String key = namespace + '/';
        List<ActiveRule> own = service.isEmpty() ? null : byService.get(key + service);
        if (own == null) {
            return candidates.computeIfAbsent(key, k -> Candidates.of(byService.getOrDefault(k, List.of())));
        }
        return candidates.computeIfAbsent(key + service, k -> {
            List<ActiveRule> all = new ArrayList<>(byService.getOrDefault(key, List.of()));
            all.addAll(own);
            all.sort(ActiveRule.ORDER);
            return Candidates.of(all);
        });
    }
}
