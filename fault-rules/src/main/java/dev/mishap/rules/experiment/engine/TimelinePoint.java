package dev.mishap.rules.experiment.engine;

import java.util.Map;

/**
 * What happened between two polls.
 *
 * @param elapsedNanos end of the interval, since the start of the run
 * @param intervalNanos its length
 * @param phase to which it belongs
 * @param services requests that ended in it, per observed service
 * @param queries values at its end
 * @param touched requests that a fault touched in it
 */
public record TimelinePoint(
        long elapsedNanos,
        long intervalNanos,
        Phase phase,
        Map<String, ServiceCounts> services,
        Map<String, Double> queries,
        long touched) {
    public TimelinePoint {
        services = Map.copyOf(services);
        queries = Map.copyOf(queries);
    }
}
