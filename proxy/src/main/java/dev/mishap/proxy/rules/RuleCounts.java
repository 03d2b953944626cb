package dev.mishap.proxy.rules;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.RuleStatus;
import dev.mishap.rules.Suppression;
import java.util.EnumMap;
import java.util.Map;

/** Shows the counts of one rule and of those that it replaced as {@code mishap.rule.<name>.*}. Confined to the store's lock. */
final class RuleCounts {
    private final RuleStats stats;
    private final RuleStats.Held ofRule;
    private final RuleStats.Held ofExperiment;
    private final String name;
    private final String experiment;
    private final Counter tagTouched;
    private final Counter scoped;
    private final Counter cohort;
    private final Counter drawn;
    private final Counter touched;
    private final Counter wouldTouch;
    private final Map<Suppression, Counter> suppressed = new EnumMap<>(Suppression.class);

    private RuleStatus shown = zero();
    private int users = 1;

    RuleCounts(FaultRule rule, RuleStats stats) {
        this.stats = stats;
        this.name = rule.name();
        this.experiment = rule.tagValue();
        ofExperiment = stats.experiment(experiment);
        ofRule = stats.rule(name);
        tagTouched = ofExperiment.scope().counter("touched");
        Scope scope = ofRule.scope();
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

    /** Whether that rule may go on with these: it has their name and marks what it touches as they do. */
    boolean areOf(FaultRule rule) {
        return rule.name().equals(name) && rule.tagValue().equals(experiment);
    }

    /** {@code mishap.experiment.<id>.touched}. */
    Counter touchedOfExperiment() {
        return tagTouched;
    }

    /** The same for one more, whom {@link #letGo} is called for, too. */
    RuleCounts share() {
        users++;
        return this;
    }

    /** The rule is gone, and has been shown for the last time; the stats stay for some time. */
    void letGo() {
        if (--users == 0) {
            stats.letGo(ofRule);
            stats.letGo(ofExperiment);
        }
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
