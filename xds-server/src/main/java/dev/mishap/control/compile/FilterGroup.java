package dev.mishap.control.compile;

import dev.mishap.rules.Scope;
import dev.mishap.rules.fault.Fault;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Rules that share one fault filter: those that are put into routes, as long as no request is in two of them. A rule that is not put
 * into routes is alone.
 */
final class FilterGroup {
    private final List<ActiveRule> rules = new ArrayList<>();
    private final Set<String> clusters = new HashSet<>();
    private final Set<String> routes = new HashSet<>();
    private final boolean inRoutes;
    /** Whether each of the rules names clusters; routes. */
    private boolean allNameClusters = true;

    private boolean allNameRoutes = true;
    private boolean aborts;

    private FilterGroup(boolean inRoutes) {
        this.inRoutes = inRoutes;
    }

    /**
     * Groups, in the order in which their filters have to act.
     *
     * @param rules in the order in which they act
     * @param inRoutes which of them are put into routes
     */
    static List<FilterGroup> of(List<ActiveRule> rules, Predicate<ActiveRule> inRoutes) {
        List<FilterGroup> groups = new ArrayList<>();
        for (ActiveRule rule : rules) {
            FilterGroup group = inRoutes.test(rule) ? earliest(groups, rule) : null;
            if (group == null) {
                group = new FilterGroup(inRoutes.test(rule));
                groups.add(group);
            }
            group.add(rule);
        }
        return groups;
    }

    /** The first group that a rule may join: no rule behind it must act before this one. */
    private static @Nullable FilterGroup earliest(List<FilterGroup> groups, ActiveRule rule) {
        FilterGroup found = null;
        for (int i = groups.size() - 1; i >= 0; i--) {
            FilterGroup group = groups.get(i);
            boolean apart = group.isApartFrom(rule);
            if (group.inRoutes && apart) {
                found = group;
            }
            if (!apart && (group.aborts || aborts(rule))) {
                break;
            }
        }
        return found;
    }

    private void add(ActiveRule rule) {
        Scope scope = rule.rule().scope();
        rules.add(rule);
        clusters.addAll(scope.clusters());
        routes.addAll(scope.routes());
        allNameClusters &= !scope.clusters().isEmpty();
        allNameRoutes &= !scope.routes().isEmpty();
        aborts |= aborts(rule);
    }

    private static boolean aborts(ActiveRule rule) {
        return rule.rule().fault().kind() == Fault.Kind.ABORT;
    }

    /** Whether no request is in the scope of a rule and of one of these. */
    private boolean isApartFrom(ActiveRule rule) {
        Scope scope = rule.rule().scope();
        return allNameClusters && !scope.clusters().isEmpty() && Collections.disjoint(clusters, scope.clusters())
                || allNameRoutes && !scope.routes().isEmpty() && Collections.disjoint(routes, scope.routes());
    }

    List<ActiveRule> rules() {
        return rules;
    }

    boolean inRoutes() {
        return inRoutes;
    }
}
