package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.CommonLbConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.PriorityLoad;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.List;

/**
 * How load is spread over priorities, and which of them are in panic, given who is healthy. Immutable.
 *
 * <p>The health of a priority is its share of healthy endpoints x the overprovisioning factor, at most 100 %. Load goes to the
 * healthy of each priority in turn, then to the degraded. Where fewer than the panic threshold are healthy or degraded, and
 * the priorities together can't take all load, everybody is used.
 */
final class PriorityHealth {
    private final PriorityLoad load;
    private final boolean[] panic;

    private PriorityHealth(PriorityLoad load, boolean[] panic) {
        this.load = load;
        this.panic = panic;
    }

    PriorityLoad load() {
        return load;
    }

    boolean panic(int priority) {
        return panic[priority];
    }

    static double panicThreshold(CommonLbConfig common, RuntimeSnapshot runtime) {
        return Math.min(100, runtime.integer("upstream.healthy_panic_threshold", (long) common.panicPercent()));
    }

    static PriorityHealth of(EndpointSet endpoints, CommonLbConfig common, RuntimeSnapshot runtime) {
        return of(endpoints.priorities(), common, runtime);
    }

    /** @param levels at least one */
    static PriorityHealth of(List<HostSet> levels, CommonLbConfig common, RuntimeSnapshot runtime) {
        int n = levels.size();
        int[] healthy = new int[n];
        int[] degraded = new int[n];
        int sum = 0;
        for (int i = 0; i < n; i++) {
            HostSet level = levels.get(i);
            healthy[i] = availability(level, level.healthy());
            degraded[i] = availability(level, level.degraded());
            sum += healthy[i] + degraded[i];
        }
        int total = Math.min(100, sum);
        int[] healthyLoad = new int[n];
        int[] degradedLoad = new int[n];
        if (total > 0) {
            int left = distribute(healthyLoad, healthy, 100, total);
            left = distribute(degradedLoad, degraded, left, total);
            // Rounding leaves a little; it goes to the first that has anybody.
            int first = first(healthy);
            if (first >= 0) {
                healthyLoad[first] += left;
            } else {
                degradedLoad[first(degraded)] += left;
            }
        }
        double threshold = panicThreshold(common, runtime);
        boolean[] panic = new boolean[n];
        if (threshold == 0 && total == 0) {
            // Nobody will be found there, which is meant.
            healthyLoad[0] = 100;
        } else {
            boolean allPanic = true;
            for (int i = 0; i < n; i++) {
                panic[i] = total < 100 && inPanic(levels.get(i), threshold);
                allPanic &= panic[i];
            }
            if (allPanic) {
                spreadBySize(levels, healthyLoad, degradedLoad);
            }
        }
        return new PriorityHealth(new PriorityLoad(healthyLoad, degradedLoad), panic);
    }

    /** The share of a priority that {@code available} can take, in percent. */
    static int availability(HostSet level, List<Endpoint> available) {
        if (level.all().size() == level.excluded().size()) {
            return 0;
        }
        long total;
        long part;
        if (level.weightedPriorityHealth()) {
            total = weight(level.all()) - weight(level.excluded());
            part = weight(available);
        } else {
            total = level.all().size() - level.excluded().size();
            part = available.size();
        }
        return total <= 0 ? 0 : (int) Math.min(100, level.overprovisioningPercent() * part / total);
    }

    private static long weight(List<Endpoint> endpoints) {
        long sum = 0;
        for (Endpoint e : endpoints) {
            sum += e.weight();
        }
        return sum;
    }

    private static int distribute(int[] load, int[] availability, int left, int total) {
        for (int i = 0; i < load.length; i++) {
            load[i] = Math.min(left, availability[i] * 100 / total);
            left -= load[i];
        }
        return left;
    }

    private static int first(int[] of) {
        for (int i = 0; i < of.length; i++) {
            if (of[i] > 0) {
                return i;
            }
        }
        return -1;
    }

    /** Whether too few are healthy or degraded. */
    static boolean inPanic(HostSet level, double threshold) {
        int count = level.all().size() - level.excluded().size();
        double percent = count <= 0
                ? 0
                : 100.0 * (level.healthy().size() + level.degraded().size()) / count;
        return percent < threshold;
    }

    private static void spreadBySize(List<HostSet> levels, int[] healthyLoad, int[] degradedLoad) {
        int all = levels.stream().mapToInt(l -> l.all().size()).sum();
        int left = 100;
        int first = -1;
        for (int i = 0; i < healthyLoad.length; i++) {
            int size = levels.get(i).all().size();
            if (first < 0 && size > 0) {
                first = i;
            }
            healthyLoad[i] = all == 0 ? 0 : 100 * size / all;
            degradedLoad[i] = 0;
            left -= healthyLoad[i];
        }
        healthyLoad[Math.max(first, 0)] += left;
    }
}
