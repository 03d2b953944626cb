package dev.mishap.rules.experiment.engine;

import java.util.List;
import java.util.Map;

/**
 * Everything that one poll saw. All counts are cumulative since the run began.
 *
 * @param services counts per observed service; a service that could not be read is absent
 * @param queries values of the configured queries by their names; one without a value is absent
 * @param faults what the experiment's rules did
 * @param tookNanos how long it took to read: what is in it is at most that much older than the time of the poll
 * @param problems what could not be read, and why; empty when all was read
 */
public record Reading(
        Map<String, ServiceCounts> services,
        Map<String, Double> queries,
        FaultCounts faults,
        long tookNanos,
        List<String> problems) {
    public Reading {
        services = Map.copyOf(services);
        queries = Map.copyOf(queries);
        problems = List.copyOf(problems);
    }
}
