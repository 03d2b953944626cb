package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.cluster.MetadataMatch;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cluster of a connection: one, or a draw by weight.
 *
 * @param replaceable whether it gives way to the cluster that a filter before has named; a draw does not
 */
record ClusterChoice(List<Part> parts, long total, boolean replaceable) {
    /**
     * One of the clusters to draw from.
     *
     * @param match what its endpoints' metadata must be, or null
     */
    record Part(String cluster, long weight, @Nullable MetadataMatch match) {}

    ClusterChoice {
        parts = List.copyOf(parts);
    }

    static ClusterChoice of(String cluster, @Nullable MetadataMatch match) {
        return new ClusterChoice(List.of(new Part(cluster, 1, match)), 1, true);
    }

    static ClusterChoice weighted(List<Part> parts) {
        return new ClusterChoice(parts, parts.stream().mapToLong(Part::weight).sum(), false);
    }

    /** @param draw any long */
    Part choose(long draw) {
        int last = parts.size() - 1;
        if (last > 0) {
            long at = Long.remainderUnsigned(draw, total);
            for (int i = 0; i < last; i++) {
                at -= parts.get(i).weight();
                if (at < 0) {
                    return parts.get(i);
                }
            }
        }
        return parts.get(last);
    }
}
