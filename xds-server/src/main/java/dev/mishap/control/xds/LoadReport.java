package dev.mishap.control.xds;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What a node has sent to a cluster since its report before.
 *
 * @param service {@code cluster_service_name}; empty when not told
 * @param interval that the counts are of
 * @param dropped requests, also by category
 */
public record LoadReport(
        String node,
        String cluster,
        String service,
        Instant receivedAt,
        Duration interval,
        long dropped,
        Map<String, Long> droppedByCategory,
        List<Locality> localities) {
    public LoadReport {
        droppedByCategory = Map.copyOf(droppedByCategory);
        localities = List.copyOf(localities);
    }

    /** Counts of one locality: requests that ended well and badly and were begun in the interval, and those under way at its end. */
    public record Locality(
            String region,
            String zone,
            String subZone,
            int priority,
            long succeeded,
            long failed,
            long issued,
            long active) {}
}
