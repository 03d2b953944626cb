package dev.mishap.proxy.rules;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.RuleStatus;
import dev.mishap.rules.Suppression;
import java.util.EnumMap;
import java.util.Map;

/** Shows the counts of one rule and of those that it replaced as {@code mishap.rule.<name>.*}. Confined to the store's lock. */
final class RuleCounts {
    private final String name;
    private final Counter scoped;
    private final Counter cohort;
    private final Counter drawn;
    private final Counter touched;
    private final Counter wouldTouch;
    private final Map<Suppression, Counter> suppressed = new EnumMap<>(Suppression.class);

    private RuleStatus shown = zero();

    RuleCounts(String name, Scope mishap) {
        this.name = name;
        Scope scope = mishap.scope("rule." + name + ".");
        scoped = scope.counter("scoped");
        cohort = scope.counter("cohort");
        drawn = scope.counter("drawn");
        touched = scope.counter("touched");
        wouldTouch = scope.counter("would_touch");
        for (Suppression cause : Suppression.values()) {
            suppressed.put(cause, scope.counter("suppressed_" + cause.field()));
        }
    }

    String name() {
        return name;
    }

    /** What the rule in {@code set} and those that it replaced did. */
    RuleStatus of(RuleSet set) {
        RuleStatus status = set.status(name);
        return status == null ? zero() : status;
    }

    /** Brings the counters in /stats up to date. */
    void show(RuleSet current) {
        RuleStatus now = of(current);
        if (now.scoped() < shown.scoped()) {
            // A rule of another experiment took the name: its counts began at zero.
            shown = zero();
        }
        scoped.add(now.scoped() - shown.scoped());
        cohort.add(now.cohort() - shown.cohort());
        drawn.add(now.drawn() - shown.drawn());
        touched.add(now.touched() - shown.touched());
        wouldTouch.add(now.wouldTouch() - shown.wouldTouch());
        suppressed.forEach((cause, counter) -> counter.add(count(now, cause) - count(shown, cause)));
        shown = now;
    }

    static long count(RuleStatus status, Suppression cause) {
        return status.suppressed().getOrDefault(cause, 0L);
    }

    private static RuleStatus zero() {
        return new RuleStatus(0, 0, 0, 0, 0, 0, Map.of());
    }
}
