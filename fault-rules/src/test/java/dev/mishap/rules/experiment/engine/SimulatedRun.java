package dev.mishap.rules.experiment.engine;

import dev.mishap.rules.experiment.RollbackTrigger;
import dev.mishap.rules.experiment.Slo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/** Drives an engine second by second over a made-up system whose behaviour the test scripts per phase. */
final class SimulatedRun {
    static final Condition SLO = Condition.ofService(
            "checkout_success_rate >= 0.95", "checkout", Measure.SUCCESS_RATE, Slo.Comparator.AT_LEAST, 0.95);
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long TOOK = Duration.ofMillis(20).toNanos();

    /** What the system does in one second; the test's script sets it. */
    static final class Second {
        long all = 200;
        long allFailing;
        long exposed = 10;
        long exposedFailing;
        long touched;
        long latencyMillis = 10;
        long exposedLatencyMillis = 10;
        /** Of all: those that took two seconds. */
        long allLate;

        /** At the end of the second. */
        long inFlight = 3;

        long exposedInFlight;
        Map<String, Double> queries = new HashMap<>();
        List<String> problems = new ArrayList<>();
        boolean interrupt;
        boolean contactLost;
    }

    final List<Order> orders = new ArrayList<>();
    ExperimentEngine engine;
    boolean refuse;
    /** What the first reading sees. */
    final Second before = new Second();

    long now = 5 * SECOND;
    private ServiceCounts counts = ServiceCounts.NONE;
    private FaultCounts faults = FaultCounts.NONE;

    SimulatedRun(Plan plan) {
        engine = new ExperimentEngine(plan, now);
    }

    static Plan plan(Condition... conditions) {
        return new Plan(
                List.of(conditions),
                Set.of("checkout"),
                Duration.ofSeconds(10),
                100,
                Duration.ofSeconds(20),
                Duration.ofSeconds(20),
                Duration.ofSeconds(5),
                Duration.ofSeconds(30),
                Duration.ofSeconds(300),
                3,
                0.10,
                3,
                Set.of(RollbackTrigger.values()));
    }

    /** Runs to the verdict. The script gets the phase and how many seconds of it have gone. */
    Verdict run(BiConsumer<Phase, Second> script) {
        poll(before);
        for (int i = 0; i < 2000; i++) {
            Second second = new Second();
            script.accept(engine.phase(), second);
            now += SECOND;
            Order order;
            if (second.interrupt) {
                order = engine.interrupted(now);
            } else if (second.contactLost) {
                order = engine.lostContact(now, "lease ran out");
            } else {
                add(second);
                order = poll(second);
            }
            if (obey(order)) {
                return engine.verdict();
            }
        }
        throw new AssertionError("no verdict after 2000 s: " + engine.events());
    }

    private boolean obey(Order order) {
        orders.add(order);
        switch (order) {
            case WAIT:
                return false;
            case INJECT:
                return obey(refuse ? engine.refused(now, "field x") : engine.injected(now));
            case ROLL_BACK:
                return obey(engine.rolledBack(now, faults));
            case FINISH:
                return true;
        }
        throw new AssertionError(order);
    }

    private void add(Second second) {
        counts = counts.plus(new ServiceCounts(
                requests(second.all - second.allLate, second.allFailing, second.latencyMillis)
                        .plus(requests(second.allLate, 0, 2000)),
                requests(second.exposed, second.exposedFailing, second.exposedLatencyMillis)));
        if (engine.phase() == Phase.INJECTION) {
            faults = faults.plus(new FaultCounts(second.all, second.exposed, second.touched, second.touched, 0, 0));
        }
    }

    private static RequestCounts withInFlight(RequestCounts counts, long inFlight) {
        return new RequestCounts(
                counts.requests(), counts.successes(), counts.failures(), counts.resets(), counts.latency(), inFlight);
    }

    private Order poll(Second second) {
        boolean lost = !second.problems.isEmpty();
        ServiceCounts seen = new ServiceCounts(
                withInFlight(counts.all(), second.inFlight), withInFlight(counts.exposed(), second.exposedInFlight));
        return engine.poll(
                now,
                new Reading(lost ? Map.of() : Map.of("checkout", seen), second.queries, faults, TOOK, second.problems));
    }

    static RequestCounts requests(long count, long failing, long latencyMillis) {
        long[] bounds = {1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000};
        long[] buckets = new long[bounds.length + 1];
        int bucket = 0;
        while (bucket < bounds.length && bounds[bucket] < latencyMillis * 1000) {
            bucket++;
        }
        buckets[bucket] = count;
        return new RequestCounts(count, count - failing, failing, 0, new LatencyHistogram(bounds, buckets), 0);
    }
}
