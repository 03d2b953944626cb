package dev.mishap.proxy.rules;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.RuleStatus;
import dev.mishap.rules.Suppression;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The counts of one rule over its replacements: each version has its own in the set that it was compiled into, which are added
 * up here, and shown as {@code mishap.rule.<name>.*}. Confined to the store's lock.
 */
final class RuleCounts {
    private static final int MAX_VERSIONS = 16;

    private final String name;
    private final Counter scoped;
    private final Counter cohort;
    private final Counter drawn;
    private final Counter touched;
    private final Map<Suppression, Counter> suppressed = new EnumMap<>(Suppression.class);
    /** Sets with an earlier version of the rule, whose requests may still be under way. */
    private final List<RuleSet> earlier = new ArrayList<>();

    private RuleStatus past = zero();
    private RuleStatus shown = zero();

    RuleCounts(String name, Scope mishap) {
        this.name = name;
        Scope scope = mishap.scope("rule." + name + ".");
        scoped = scope.counter("scoped");
        cohort = scope.counter("cohort");
        drawn = scope.counter("drawn");
        touched = scope.counter("touched");
        for (Suppression cause : Suppression.values()) {
            suppressed.put(cause, scope.counter("suppressed_" + cause.field()));
        }
    }

    /** The version in {@code set} is replaced by another one. */
    void retire(RuleSet set) {
        earlier.add(set);
        if (earlier.size() > MAX_VERSIONS) {
            past = sum(past, status(earlier.remove(0)));
        }
    }

    /** What all versions did, with the one in place in {@code current}. */
    RuleStatus total(RuleSet current) {
        RuleStatus total = sum(past, status(current));
        for (RuleSet set : earlier) {
            total = sum(total, status(set));
        }
        return total;
    }

    /** Brings the counters in /stats up to date. */
    void show(RuleSet current) {
        RuleStatus now = total(current);
        scoped.add(now.scoped() - shown.scoped());
        cohort.add(now.cohort() - shown.cohort());
        drawn.add(now.drawn() - shown.drawn());
        touched.add(now.touched() - shown.touched());
        suppressed.forEach((cause, counter) -> counter.add(count(now, cause) - count(shown, cause)));
        shown = now;
    }

    private RuleStatus status(RuleSet set) {
        RuleStatus status = set.status(name);
        return status == null ? zero() : status;
    }

    static long count(RuleStatus status, Suppression cause) {
        return status.suppressed().getOrDefault(cause, 0L);
    }

    private static RuleStatus zero() {
        return new RuleStatus(0, 0, 0, 0, 0, Map.of());
    }

    private static RuleStatus sum(RuleStatus a, RuleStatus b) {
        Map<Suppression, Long> causes = new EnumMap<>(Suppression.class);
        for (Suppression cause : Suppression.values()) {
            causes.put(cause, count(a, cause) + count(b, cause));
        }
        return new RuleStatus(
                a.scoped() + b.scoped(),
                a.cohort() + b.cohort(),
                a.drawn() + b.drawn(),
                a.touched() + b.touched(),
                a.activeFaults() + b.activeFaults(),
                causes);
    }
}
