package dev.mishap.rules;

import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.schedule.Schedule;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One rule: who is hit (scope), by what (fault), how much (percentage, cohort, limits), when (schedule) and for how long (ttl).
 *
 * @param name unique in a proxy; letters, digits, {@code - _ .}, at most 253
 * @param experimentId the experiment it belongs to; touched requests carry it; null = none
 * @param priority smaller acts first; rules of one priority act in the order of their names; default 0
 * @param percentage the share of the cohort's requests that get the fault, drawn per request; default 100 %
 * @param ttl how long the rule lives from its installation; null = as long as who installed it says
 * @param seed of the draws; null = the proxy takes a random one
 * @param targets the nodes of a fleet that it is for; a single proxy takes only {@link Targets#ALL}
 * @param dryRun everything is decided, charged to the limits and counted, and nothing is done; default false
 * @param installation tells installations of one rule apart: the same rule with another value begins anew, as when its ttl was renewed;
 *     set by a control plane, no part of the language; null = none
 */
public record FaultRule(
        String name,
        Map<String, String> labels,
        @Nullable String experimentId,
        int priority,
        Scope scope,
        Percentage percentage,
        Fault fault,
        Limits limits,
        Schedule schedule,
        @Nullable Duration ttl,
        @Nullable Long seed,
        Tag tag,
        Targets targets,
        boolean dryRun,
        @Nullable String installation) {
    /** The longest {@link #ttl}. */
    public static final Duration MAX_TTL = Duration.ofDays(30);

    public FaultRule {
        requireName("name", name, 253);
        if (experimentId != null) {
            requireName("experimentId", experimentId, 128);
        }
        labels = Collections.unmodifiableMap(new TreeMap<>(labels));
        if (ttl != null && (ttl.isNegative() || ttl.isZero() || ttl.compareTo(MAX_TTL) > 0)) {
            throw new IllegalArgumentException("ttl must be more than 0s and at most 30 days");
        }
        requireFit(scope, fault, tag);
    }

    /** A rule as somebody writes it. */
    public FaultRule(
            String name,
            Map<String, String> labels,
            @Nullable String experimentId,
            int priority,
            Scope scope,
            Percentage percentage,
            Fault fault,
            Limits limits,
            Schedule schedule,
            @Nullable Duration ttl,
            @Nullable Long seed,
            Tag tag,
            Targets targets,
            boolean dryRun) {
        this(
                name,
                labels,
                experimentId,
                priority,
                scope,
                percentage,
                fault,
                limits,
                schedule,
                ttl,
                seed,
                tag,
                targets,
                dryRun,
                null);
    }

    /** A rule for every node. */
    public FaultRule(
            String name,
            Map<String, String> labels,
            @Nullable String experimentId,
            int priority,
            Scope scope,
            Percentage percentage,
            Fault fault,
            Limits limits,
            Schedule schedule,
            @Nullable Duration ttl,
            @Nullable Long seed,
            Tag tag) {
        this(
                name,
                labels,
                experimentId,
                priority,
                scope,
                percentage,
                fault,
                limits,
                schedule,
                ttl,
                seed,
                tag,
                Targets.ALL,
                false);
    }

    private static void requireFit(Scope scope, Fault fault, Tag tag) {
        scope.requireFit(fault);
        Fault.Plane plane = fault.kind().plane();
        if (plane == Fault.Plane.REQUEST) {
            return;
        }
        if (!scope.cohort().percent().isFull() && scope.cohort().key().kind() != CohortKey.Kind.SOURCE_ADDRESS) {
            throw new IllegalArgumentException(
                    "scope.cohort.key must be sourceAddress: " + plane.words() + " has no header, cookie or trace");
        }
        if (!tag.equals(Tag.NONE)) {
            throw new IllegalArgumentException("tag cannot be put on " + plane.words());
        }
    }

    /** A rule with the defaults of everything else. */
    public static FaultRule of(String name, Scope scope, Percentage percentage, Fault fault) {
        return new FaultRule(
                name, Map.of(), null, 0, scope, percentage, fault, Limits.NONE, Schedule.ALWAYS, null, null, Tag.NONE);
    }

    public FaultRule withLabels(Map<String, String> newLabels) {
        return with(newLabels, scope, limits, seed, targets, dryRun, installation);
    }

    public FaultRule withSeed(@Nullable Long newSeed) {
        return with(labels, scope, limits, newSeed, targets, dryRun, installation);
    }

    public FaultRule withLimits(Limits newLimits) {
        return with(labels, scope, newLimits, seed, targets, dryRun, installation);
    }

    public FaultRule withScope(Scope newScope) {
        return with(labels, newScope, limits, seed, targets, dryRun, installation);
    }

    public FaultRule withTargets(Targets newTargets) {
        return with(labels, scope, limits, seed, newTargets, dryRun, installation);
    }

    public FaultRule withDryRun(boolean only) {
        return with(labels, scope, limits, seed, targets, only, installation);
    }

    public FaultRule withInstallation(@Nullable String mark) {
        return with(labels, scope, limits, seed, targets, dryRun, mark);
    }

    /** The same rule but for what others than its author may change. */
    private FaultRule with(
            Map<String, String> newLabels,
            Scope newScope,
            Limits newLimits,
            @Nullable Long newSeed,
            Targets newTargets,
            boolean only,
            @Nullable String mark) {
        return new FaultRule(
                name,
                newLabels,
                experimentId,
                priority,
                newScope,
                percentage,
                fault,
                newLimits,
                schedule,
                ttl,
                newSeed,
                tag,
                newTargets,
                only,
                mark);
    }

    /** Whether it acts on the proxy's connections to endpoints, not on those of clients. */
    public boolean isUpstream() {
        return scope.isUpstream(fault);
    }

    /** What a touched request is marked with: the experiment's id, or the rule's name without one. */
    public String tagValue() {
        return experimentId == null ? name : experimentId;
    }

    /** Names go into stat names, log lines and URLs, so they are plain. */
    public static void requireName(String field, String value, int maxLength) {
        boolean plain = !value.isEmpty()
                && value.length() <= maxLength
                && value.chars()
                        .allMatch(c -> c >= '0' && c <= '9'
                                || c >= 'a' && c <= 'z'
                                || c >= 'A' && c <= 'Z'
                                || c == '-'
                                || c == '_'
                                || c == '.')
                && Character.isLetterOrDigit(value.charAt(0))
                && Character.isLetterOrDigit(value.charAt(value.length() - 1));
        if (!plain) {
            throw new IllegalArgumentException(field + " must be 1 to " + maxLength
                    + " letters, digits, '-', '_' or '.', beginning and ending with a letter or digit, got '" + value
                    + "'");
        }
    }
}
