package dev.mishap.rules.experiment.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** What the system looks like without a fault, and whether that is a steady state. */
final class Baseline {
    /** Without a target of its own an experiment still must not start from a system that fails one request in ten. */
    static final double LEAST_SUCCESS = 0.9;

    /** What was read, and when. */
    record Poll(long nanos, Reading reading) {}

    private final List<Condition> conditions;
    private final List<Poll> polls = new ArrayList<>();
    private final Map<String, ServiceCounts> totals = new HashMap<>();

    Baseline(List<Condition> conditions) {
        this.conditions = conditions;
    }

    void add(long nowNanos, Reading reading) {
        polls.add(new Poll(nowNanos, reading));
        for (Map.Entry<String, ServiceCounts> entry : reading.services().entrySet()) {
            totals.put(entry.getKey(), entry.getValue().minus(at(0, entry.getKey())));
        }
    }

    List<Poll> polls() {
        return polls;
    }

    /** Requests of a service since the baseline began. */
    RequestCounts all(String service) {
        return totals.getOrDefault(service, ServiceCounts.NONE).all();
    }

    /** The condition with its target fixed; null when the baseline has no value for it. */
    @Nullable
    Condition resolve(Condition condition) {
        if (!condition.relative()) {
            return condition;
        }
        OptionalDouble value = value(condition, all(service(condition)));
        return value.isEmpty() ? null : condition.resolved(value.getAsDouble());
    }

    /** Why a condition that only speaks of changes against the baseline has no steady one to start from; null when it has. */
    @Nullable
    String unsteady() {
        for (Condition condition : conditions) {
            if (!condition.relative()) {
                continue;
            }
            String service = service(condition);
            RequestCounts whole = all(service);
            double success = whole.successRate().orElse(0);
            if (success < LEAST_SUCCESS) {
                return String.format(
                        "success rate of %s is %.4f, a steady state needs %.2f", service, success, LEAST_SUCCESS);
            }
            ServiceCounts middle = at(polls.size() / 2, service);
            RequestCounts first = middle.minus(at(0, service)).all();
            RequestCounts second = whole.minus(first);
            OptionalDouble before = value(condition, first);
            OptionalDouble after = value(condition, second);
            if (before.isPresent()
                    && after.isPresent()
                    && Math.min(first.requests(), second.requests()) >= 50
                    && !condition.comparison().holds(after.getAsDouble(), condition.target() * before.getAsDouble())) {
                return String.format(
                        "%s drifts within the baseline: %.4g in its first half, %.4g in its second",
                        condition.name(), before.getAsDouble(), after.getAsDouble());
            }
        }
        return null;
    }

    private ServiceCounts at(int index, String service) {
        return polls.get(index).reading().services().getOrDefault(service, ServiceCounts.NONE);
    }

    private static String service(Condition condition) {
        String service = condition.service();
        if (service == null) {
            throw new IllegalStateException(
                    condition.name() + ": only a service's measure can be relative to the baseline");
        }
        return service;
    }

    private static OptionalDouble value(Condition condition, RequestCounts counts) {
        Measure measure = condition.measure();
        return measure == null ? OptionalDouble.empty() : measure.of(counts);
    }
}
