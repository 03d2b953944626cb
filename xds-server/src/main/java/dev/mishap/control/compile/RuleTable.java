package dev.mishap.control.compile;

import dev.mishap.rules.schedule.Schedule;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The rules in force at one moment, found by the service that they are for. */
final class RuleTable {
    static final RuleTable EMPTY = new RuleTable(Map.of(), Map.of(), Long.MAX_VALUE, 0);

    private final Map<String, ActiveRule> rules;
    /** By {@code namespace/service}; those for any service under {@code namespace/}. In the order in which they act. */
    private final Map<String, List<ActiveRule>> byService;
    /** What nodes of a service have that no rule tells apart further; nodes that are alike share the list. */
    private final Map<String, Candidates> candidates = new ConcurrentHashMap<>();
    /**
     * Rules for a service.
     *
     * @param alone whether nothing but the service decides
     */
    private record Candidates(List<ActiveRule> rules, boolean alone) {
        static final Candidates NONE = new Candidates(List.of(), true);

        static Candidates of(List<ActiveRule> rules) {
            return new Candidates(List.copyOf(rules), rules.stream().allMatch(ActiveRule::byServiceAlone));
        }
    }

    /** Before this no rule is over, in ms of the epoch. */
    private final long firstEnd;
    /** Rules with a schedule. */
    private final int moving;

    private RuleTable(
            Map<String, ActiveRule> rules, Map<String, List<ActiveRule>> byService, long firstEnd, int moving) {
        this.rules = rules;
        this.byService = byService;
        this.firstEnd = firstEnd;
        this.moving = moving;
    }

    private static List<String> keys(ActiveRule rule) {
        List<String> services = rule.rule().targets().services();
        String prefix = rule.namespace() + '/';
        return services.isEmpty()
                ? List.of(prefix)
                : services.stream().distinct().map(service -> prefix + service).toList();
    }

    private static long end(ActiveRule rule) {
        return rule.until() == null ? Long.MAX_VALUE : rule.until().toEpochMilli();
    }

    /** Whether a rule's share changes by the clock. */
    static boolean moves(ActiveRule rule) {
        return !rule.rule().schedule().equals(Schedule.ALWAYS);
    }

    /**
     * The table after a change. Of the lists by service only those that it is about are made anew, and nothing is sorted: writes come by
     * the hundred a second, and there may be thousands of rules.
     *
     * @param changed by key; null = gone
     */
    RuleTable with(Map<String, @Nullable ActiveRule> changed) {
        Map<String, ActiveRule> next = new HashMap<>(rules);
        Map<String, List<ActiveRule>> lists = new HashMap<>(byService);
        Set<ActiveRule> gone = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<String> concerned = new HashSet<>();
        long first = firstEnd;
        int scheduled = moving;
        boolean firstIsGone = false;
        for (Map.Entry<String, @Nullable ActiveRule> change : changed.entrySet()) {
            ActiveRule before = next.remove(change.getKey());
            if (before != null) {
                gone.add(before);
                concerned.addAll(keys(before));
                scheduled -= moves(before) ? 1 : 0;
                firstIsGone |= end(before) <= firstEnd;
            }
        }
        concerned.forEach(key -> lists.computeIfPresent(key, (k, list) -> {
            List<ActiveRule> rest = new ArrayList<>(list.size());
            list.forEach(rule -> {
                if (!gone.contains(rule)) {
                    rest.add(rule);
                }
            });
            return rest.isEmpty() ? null : rest;
        }));
        for (ActiveRule rule : changed.values()) {
            if (rule != null) {
                next.put(rule.key(), rule);
                scheduled += moves(rule) ? 1 : 0;
                first = Math.min(first, end(rule));
                for (String key : keys(rule)) {
                    List<ActiveRule> list = concerned.add(key)
                            ? new ArrayList<>(lists.getOrDefault(key, List.of()))
                            : lists.getOrDefault(key, new ArrayList<>());
                    int at = Collections.binarySearch(list, rule, ActiveRule.ORDER);
                    list.add(at < 0 ? -at - 1 : at, rule);
                    lists.put(key, list);
                }
            }
        }
        if (firstIsGone) {
            first = Long.MAX_VALUE;
            for (ActiveRule rule : next.values()) {
                first = Math.min(first, end(rule));
            }
        }
        return new RuleTable(next, lists, first, scheduled);
    }

    /** Whether some rule's share changes by the clock. */
    boolean moves() {
        return moving > 0;
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

    /** Those that it would have if this one were in force, too, in the place of the one of its key. */
    List<ActiveRule> ofWith(FleetNode node, long epochMillis, ActiveRule rule) {
        List<ActiveRule> would = new ArrayList<>(of(node, epochMillis));
        would.removeIf(each -> each.key().equals(rule.key()));
        if (!rule.over(epochMillis) && node.isTargetOf(rule)) {
            would.add(rule);
            would.sort(ActiveRule.ORDER);
        }
        return List.copyOf(would);
    }

    private Candidates candidates(String namespace, String service) {
        String key = namespace + '/';
        List<ActiveRule> own = service.isEmpty() ? null : byService.get(key + service);
        if (own == null) {
            // Nodes choose their namespaces: those without rules are not remembered.
            return byService.containsKey(key)
                    ? candidates.computeIfAbsent(key, k -> Candidates.of(byService.getOrDefault(k, List.of())))
                    : Candidates.NONE;
        }
        return candidates.computeIfAbsent(key + service, k -> {
            List<ActiveRule> all = new ArrayList<>(byService.getOrDefault(key, List.of()));
            all.addAll(own);
            all.sort(ActiveRule.ORDER);
            return Candidates.of(all);
        });
    }
}
