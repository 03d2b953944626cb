package dev.mishap.rules.experiment;

import dev.mishap.rules.Cohort;
import dev.mishap.rules.CohortKey;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Tag;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.schedule.Ramp;
import dev.mishap.rules.schedule.Schedule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A chaos experiment.
 *
 * @param id what touched requests are tagged with; default: the name
 * @param name of the resource
 * @param namespace where it acts; {@code prod} and {@code prod-*} are production; null = none
 * @param labels {@code mishap.dev/environment=production} marks production, too
 * @param hypothesis what is believed, in words; may be empty
 * @param injections at least one
 * @param blastRadius the share of the traffic in scope that may be touched at all: size of the cohort and hard cap; more than 0; default 5 %
 * @param overrideReason why more than 5 % is allowed in production; null = it is not
 * @param cohortKey what tells callers apart
 * @param cohortSeed decides which callers are in the cohort; default: the id
 * @param seed of the draws; null = a random one
 * @param duration of the injection, the ramp included; default 2 min
 * @param ramp null = the full share at once
 * @param slos none = success ≥ 0.9 × baseline and p95 ≤ 1.5 × baseline of each observed service
 * @param poll how often the SLOs are judged; default 1 s
 * @param breachPolls how many polls in a row make a breach; default 3
 */
public record Experiment(
        String id,
        String name,
        @Nullable String namespace,
        Map<String, String> labels,
        String hypothesis,
        List<Injection> injections,
        Percentage blastRadius,
        @Nullable String overrideReason,
        CohortKey cohortKey,
        String cohortSeed,
        @Nullable Long seed,
        Duration duration,
        @Nullable Ramp ramp,
        Baseline baseline,
        List<Slo> slos,
        AutoRollback autoRollback,
        Recovery recovery,
        Duration poll,
        int breachPolls,
        Tag tag) {
    public static final String ENVIRONMENT_LABEL = "mishap.dev/environment";
    public static final Percentage DEFAULT_BLAST_RADIUS = Percentage.ofPercent(5);
    /** The largest blast radius in production without an override. */
    public static final Percentage PRODUCTION_LIMIT = Percentage.ofPercent(5);

    public static final Duration DEFAULT_DURATION = Duration.ofMinutes(2);
    public static final Duration DEFAULT_POLL = Duration.ofSeconds(1);
    public static final int DEFAULT_BREACH_POLLS = 3;

    /**
     * How the steady state is measured before anything is injected.
     *
     * @param duration default 30 s
     * @param minRequests default 100
     */
    public record Baseline(Duration duration, int minRequests) {
        public static final Baseline DEFAULT = new Baseline(Duration.ofSeconds(30), 100);

        public Baseline {
            requirePositive("baseline.duration", duration);
            if (minRequests < 1) {
                throw new IllegalArgumentException("baseline.minRequests must be 1 or more, got " + minRequests);
            }
        }
    }

    /**
     * What ends the injection early.
     *
     * @param on empty = nothing does
     * @param timeout the longest the injection may take from the first rule on; null = the experiment's duration and a minute
     */
    public record AutoRollback(
            Set<RollbackTrigger> on, @Nullable Duration timeout) {
        public static final AutoRollback DEFAULT = new AutoRollback(Set.of(RollbackTrigger.values()), null);

        public AutoRollback {
            on = Collections.unmodifiableSet(
                    new LinkedHashSet<>(on.stream().sorted().toList()));
            if (timeout != null) {
                requirePositive("autoRollback.timeout", timeout);
            }
        }
    }

    /**
     * When the system counts as recovered.
     *
     * @param steadyFor how long it must be back within the SLOs; default 30 s
     * @param within how long it may take; default 5 min
     */
    public record Recovery(Duration steadyFor, Duration within) {
        public static final Recovery DEFAULT = new Recovery(Duration.ofSeconds(30), Duration.ofMinutes(5));

        public Recovery {
            requirePositive("recovery.for", steadyFor);
            requirePositive("recovery.within", within);
            if (steadyFor.compareTo(within) > 0) {
                throw new IllegalArgumentException("recovery.for must not be more than recovery.within");
            }
        }
    }

    public Experiment {
        FaultRule.requireName("id", id, 128);
        FaultRule.requireName("name", name, 253);
        labels = Collections.unmodifiableMap(new TreeMap<>(labels));
        injections = List.copyOf(injections);
        slos = List.copyOf(slos);
        if (injections.isEmpty()) {
            throw new IllegalArgumentException("faults must have at least one entry");
        }
        if (blastRadius.millionths() == 0) {
            throw new IllegalArgumentException("blastRadius must be more than 0 %");
        }
        if (isProduction(namespace, labels) && blastRadius.compareTo(PRODUCTION_LIMIT) > 0 && overrideReason == null) {
            throw new IllegalArgumentException("blastRadius must be at most " + PRODUCTION_LIMIT.plain()
                    + " % in production, got " + blastRadius.plain() + " %; more needs override: {reason: …}");
        }
        if (overrideReason != null && overrideReason.isBlank()) {
            throw new IllegalArgumentException("override.reason must not be empty");
        }
        requirePositive("duration", duration);
        requirePositive("poll", poll);
        if (ramp != null && ramp.over().compareTo(duration) > 0) {
            throw new IllegalArgumentException("ramp.over must not be more than the duration");
        }
        if (breachPolls < 1) {
            throw new IllegalArgumentException("breachPolls must be 1 or more, got " + breachPolls);
        }
    }

    private static void requirePositive(String field, Duration duration) {
        if (duration.isNegative() || duration.isZero() || duration.compareTo(Duration.ofDays(7)) > 0) {
            throw new IllegalArgumentException(field + " must be more than 0s and at most 7 days");
        }
    }

    /** Whether a namespace, or what has these labels, is production; in small letters or large ones: whoever writes PROD means it. */
    public static boolean isProduction(@Nullable String namespace, Map<String, String> labels) {
        return "production".equalsIgnoreCase(labels.get(ENVIRONMENT_LABEL))
                || namespace != null
                        && (namespace.equalsIgnoreCase("prod") || namespace.regionMatches(true, 0, "prod-", 0, 5));
    }

    /** Whether it acts in production, where more than 5 % needs an override. */
    public boolean isProduction() {
        return isProduction(namespace, labels);
    }

    /** The longest the injection may take. */
    public Duration timeout() {
        Duration timeout = autoRollback.timeout();
        return timeout == null ? duration.plusMinutes(1) : timeout;
    }

    /** The same with another seed of the draws. */
    public Experiment withSeed(@Nullable Long newSeed) {
        return new Experiment(
                id,
                name,
                namespace,
                labels,
                hypothesis,
                injections,
                blastRadius,
                overrideReason,
                cohortKey,
                cohortSeed,
                newSeed,
                duration,
                ramp,
                baseline,
                slos,
                autoRollback,
                recovery,
                poll,
                breachPolls,
                tag);
    }

    /** The services in front of which faults act, in the order of the file. */
    public List<String> targets() {
        return injections.stream().map(Injection::target).distinct().toList();
    }

    /** The callers that the experiment may touch. */
    public Cohort cohort() {
        return new Cohort(blastRadius, cohortSeed, cohortKey);
    }

    /**
     * The rules for the proxies in front of one target: its faults on the experiment's cohort, capped by its blast radius.
     * Without ttl: they live by a lease.
     *
     * @param ramp what the proxies ramp by; null = the full share at once
     */
    public List<FaultRule> rules(String target, @Nullable Ramp ramp) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < injections.size(); i++) {
            Injection injection = injections.get(i);
            if (injection.target().equals(target)) {
                Fault fault = injection.fault();
                rules.add(new FaultRule(
                        id + "." + (i + 1),
                        labels,
                        id,
                        i,
                        injection.scope().withCohort(cohortOf(fault)),
                        injection.percentage(),
                        fault,
                        Limits.cap(blastRadius),
                        new Schedule(null, null, List.of(), ramp),
                        null,
                        seed,
                        fault.kind().plane() == Fault.Plane.REQUEST ? tag : Tag.NONE));
            }
        }
        return rules;
    }

    /** A connection and a DNS question have no trace id: there the callers are told apart by their addresses. */
    private Cohort cohortOf(Fault fault) {
        boolean request = fault.kind().plane() == Fault.Plane.REQUEST;
        return request ? cohort() : new Cohort(blastRadius, cohortSeed, CohortKey.SOURCE_ADDRESS);
    }
}
