package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.PriorityLoad;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which priorities the tries of one request may still go to: those that were tried are left out until all were
 * ({@code envoy.retry_priorities.previous_priorities}). Confined to the request's loop.
 */
public final class PreviousPriorities {
    private final int frequency;
    private final List<Endpoint> tried = new ArrayList<>();
    private final BitSet left = new BitSet();
    private @Nullable PriorityLoad load;

    /** @param frequency after so many tries the load is spread anew, each time; > 0 */
    public PreviousPriorities(int frequency) {
        this.frequency = frequency;
    }

    /** The request was sent to {@code endpoint}, or was to be. */
    public void tried(Endpoint endpoint) {
        tried.add(endpoint);
    }

    /** Where the next try goes; {@code base} when nobody who could take it is left. */
    public PriorityLoad load(List<HostSet> levels, PriorityLoad base) {
        if (tried.size() < frequency) {
            return base;
        }
        if (tried.size() % frequency == 0) {
            for (Endpoint e : tried) {
                leave(levels, e);
            }
            PriorityLoad next = spread(levels);
            if (next == null) {
                return base;
            }
            load = next;
        }
        PriorityLoad l = load;
        return l == null || l.priorities() < levels.size() ? base : l;
    }

    private void leave(List<HostSet> levels, Endpoint e) {
        for (int i = 0; i < levels.size(); i++) {
            if (levels.get(i).all().contains(e)) {
                left.set(i);
                return;
            }
        }
    }

    private @Nullable PriorityLoad spread(List<HostSet> levels) {
        int n = levels.size();
        int[] healthy = new int[n];
        int[] degraded = new int[n];
        int total = availability(levels, healthy, degraded);
        if (total == 0) {
            // All were tried: they begin anew.
            left.clear();
            tried.clear();
            total = availability(levels, healthy, degraded);
        }
        if (total == 0) {
            return null;
        }
        int[] healthyLoad = new int[n];
        int[] degradedLoad = new int[n];
        // Rounding leaves a little, which goes around again.
        for (int rest = 100; rest > 0; ) {
            rest = add(healthyLoad, healthy, rest, total);
            rest = add(degradedLoad, degraded, rest, total);
        }
        return new PriorityLoad(healthyLoad, degradedLoad);
    }

    private int availability(List<HostSet> levels, int[] healthy, int[] degraded) {
        int sum = 0;
        for (int i = 0; i < healthy.length; i++) {
            HostSet level = levels.get(i);
            healthy[i] = left.get(i) ? 0 : PriorityHealth.availability(level, level.healthy());
            degraded[i] = left.get(i) ? 0 : PriorityHealth.availability(level, level.degraded());
            sum += healthy[i] + degraded[i];
        }
        return Math.min(100, sum);
    }

    private static int add(int[] load, int[] availability, int rest, int total) {
        int left = rest;
        for (int i = 0; i < load.length; i++) {
            int more = Math.min(left, availability[i] * 100 / total);
            load[i] += more;
            left -= more;
        }
        return left;
    }
}
