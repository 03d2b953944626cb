package dev.mishap.control.compile;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Targets;
import java.time.Instant;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * A rule in force.
 *
 * @param namespace whose nodes it can be for
 * @param since when it came into force, which its ramp counts from
 * @param until when it ends; null = not by itself
 */
public record ActiveRule(
        String namespace,
        FaultRule rule,
        Instant since,
        @Nullable Instant until) {
    /** The order in which rules act. */
    static final Comparator<ActiveRule> ORDER = Comparator.comparingInt(
                    (ActiveRule r) -> r.rule().priority())
            .thenComparing(r -> r.rule().name())
            .thenComparing(ActiveRule::namespace);

    /** Unique in a fleet: {@code namespace/name}. */
    public String key() {
        return namespace + '/' + rule.name();
    }

    /** Whether its end has come: it ends here by this server's timer, whoever takes it out of the store, and when. */
    boolean over(long epochMillis) {
        return until != null && epochMillis >= until.toEpochMilli();
    }

    /** Whether it acts at this time, or may do so on a clock of its own. */
    boolean scheduled(long epochMillis) {
        return rule.schedule().active(epochMillis);
    }

    /** The percentage that holds now, in millionths: 0 out of schedule, less than the rule's while it ramps. */
    int millionths(long epochMillis) {
        if (!scheduled(epochMillis)) {
            return 0;
        }
        long sinceMillis = Math.max(0, epochMillis - since.toEpochMilli());
        return rule.schedule().ramped(rule.percentage().millionths(), sinceMillis * 1_000_000, epochMillis);
    }

    /** For one of our own nodes: a ttl that was renewed here begins anew there. */
    FaultRule placed() {
        return place(rule);
    }

    /** The same for an equal rule of another scope. */
    FaultRule place(FaultRule as) {
        FaultRule placed = as.withTargets(Targets.ALL);
        return until == null || as.ttl() == null
                ? placed
                : placed.withInstallation(Long.toString(until.toEpochMilli()));
    }

    /** Whether nothing but a node's service decides whether it is for the node. */
    boolean byServiceAlone() {
        Targets targets = rule.targets();
        return targets.nodes().isEmpty()
                && targets.labels().isEmpty()
                && targets.localities().isEmpty();
    }

    /** By name alone: the rest is large, and rules of one name are rarely compared. */
    @Override
    public int hashCode() {
        return 31 * namespace.hashCode() + rule.name().hashCode();
    }
}
