package dev.mishap.proxy.rules;

import dev.mishap.rules.Cohort;
import dev.mishap.rules.CohortMatcher;
import dev.mishap.rules.HeaderSlots;
import dev.mishap.rules.RequestView;
import dev.mishap.rules.Scope;
import dev.mishap.rules.ScopeMatcher;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Counts the requests of a scope, all of them and those of a cohort. The counts outlive a new compilation. */
public final class Observer {
    /**
     * What is to be observed.
     *
     * @param experimentId whose cohort it is, or null
     */
    record Definition(String name, @Nullable String experimentId, Scope scope, Cohort cohort) {}

    private final Definition definition;
    private final ScopeMatcher scope;
    private final CohortMatcher cohort;
    private final Stats all;
    private final Stats inCohort;

    /** Compiles a definition; goes on with the counts of {@code before} unless that is null. */
    Observer(Definition definition, @Nullable Observer before, HeaderSlots slots) {
        this.definition = definition;
        String seed = definition.experimentId() == null ? definition.name() : definition.experimentId();
        scope = ScopeMatcher.compile(definition.scope(), slots);
        cohort = CohortMatcher.compile(definition.cohort(), seed, slots);
        all = before == null ? new Stats() : before.all;
        inCohort = before == null ? new Stats() : before.inCohort;
    }

    Definition definition() {
        return definition;
    }

    public boolean matches(RequestView request) {
        return scope.matches(request);
    }

    public boolean inCohort(RequestView request) {
        return cohort.contains(request);
    }

    /** Counts a request that begins; {@link #count} follows when it has ended, however it ends. */
    public void begin(boolean cohortMember) {
        all.begun.increment();
        if (cohortMember) {
            inCohort.begun.increment();
        }
    }

    /**
     * Counts a request that ended.
     *
     * @param cohortMember whether it was in the cohort
     * @param success see docs/rules-api.md
     * @param reset whether the response was not sent to its end
     */
    public void count(boolean cohortMember, boolean success, boolean reset, long nanos) {
        all.count(success, reset, nanos);
        if (cohortMember) {
            inCohort.count(success, reset, nanos);
        }
    }

    Map<String, Object> allJson() {
        return all.json();
    }

    Map<String, Object> cohortJson() {
        return inCohort.json();
    }

    private static final class Stats {
        private final LongAdder begun = new LongAdder();
        private final LongAdder successes = new LongAdder();
        private final LongAdder failures = new LongAdder();
        private final LongAdder resets = new LongAdder();
        private final LatencyCounts latency = new LatencyCounts();

        void count(boolean success, boolean reset, long nanos) {
            (success ? successes : failures).increment();
            if (reset) {
                // How long a response took that never came says nothing about the service's latency.
                resets.increment();
            } else {
                latency.record(TimeUnit.NANOSECONDS.toMicros(nanos));
            }
        }

        Map<String, Object> json() {
            Map<String, Object> json = new LinkedHashMap<>();
            // Before those that ended, so that what is in flight is never more than there was.
            long b = begun.sum();
            long s = successes.sum();
            long f = failures.sum();
            json.put("requests", s + f);
            json.put("successes", s);
            json.put("failures", f);
            json.put("resets", resets.sum());
            json.put("inFlight", Math.max(0, b - s - f));
            Map<String, Object> histogram = new LinkedHashMap<>();
            histogram.put("bounds", LatencyCounts.BOUNDS_MICROS);
            histogram.put("counts", latency.counts());
            json.put("latencyMicros", histogram);
            return json;
        }
    }
}
