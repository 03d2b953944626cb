package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Picks a priority, then an endpoint of it, for one cluster on one loop.
 *
 * <p>The load of a priority is its share of healthy endpoints x the overprovisioning factor, at most 100 %; what is left goes
 * to the next ones. Where fewer than the panic threshold are healthy, all endpoints are used.
 */
public final class LoadBalancer {
    private final Cluster cluster;
    private final LongSupplier random;
    private EndpointSet known = EndpointSet.EMPTY;
    private EndpointPicker[] pickers = {};
    private int[] load = {};
    private boolean[] panic = {};

    public LoadBalancer(Cluster cluster, LongSupplier random) {
        this.cluster = cluster;
        this.random = random;
    }

    /** An endpoint for the next request, or null when the cluster has none that may be used. */
    public @Nullable Endpoint pick() {
        EndpointSet now = cluster.endpoints();
        if (now != known) {
            rebuild(now);
        }
        int level = level();
        if (level < 0) {
            return null;
        }
        EndpointSet.Level of = now.levels().get(level);
        List<Endpoint> candidates = of.healthy();
        if (panic[level]) {
            cluster.stats().lbHealthyPanic.inc();
            candidates = of.all();
        }
        return candidates.isEmpty() ? null : pickers[level].pick(candidates);
    }

    private int level() {
        if (load.length <= 1) {
            return load.length - 1;
        }
        int draw = load[0] >= 100 ? 0 : (int) Long.remainderUnsigned(random.getAsLong(), 100);
        for (int i = 0; i < load.length; i++) {
            draw -= load[i];
            if (draw < 0) {
                return i;
            }
        }
        return load.length - 1;
    }

    private void rebuild(EndpointSet now) {
        int n = now.levels().size();
        EndpointPicker[] made = new EndpointPicker[n];
        for (int i = 0; i < n; i++) {
            // A picker outlives a change of the endpoints: round robin goes on where it was.
            made[i] = i < pickers.length
                    ? pickers[i]
                    : EndpointPickers.of(cluster.config().lb(), random);
        }
        pickers = made;
        load = new int[n];
        panic = new boolean[n];
        known = now;
        spread(now);
    }

    private void spread(EndpointSet now) {
        int n = load.length;
        int[] health = new int[n];
        int total = 0;
        for (int i = 0; i < n; i++) {
            EndpointSet.Level level = now.levels().get(i);
            int all = level.all().size();
            health[i] = all == 0
                    ? 0
                    : (int) Math.min(
                            100L,
                            (long) cluster.config().overprovisioningPercent()
                                    * level.healthy().size()
                                    / all);
            total = Math.min(100, total + health[i]);
        }
        double threshold = cluster.config().panicPercent();
        int left = 100;
        for (int i = 0; i < n; i++) {
            EndpointSet.Level level = now.levels().get(i);
            double healthy = level.all().isEmpty()
                    ? 0
                    : 100.0 * level.healthy().size() / level.all().size();
            if (total > 0) {
                load[i] = Math.min(left, health[i] * 100 / total);
            } else {
                // Nobody is healthy anywhere: spread by size.
                load[i] = now.all().isEmpty()
                        ? 0
                        : 100 * level.all().size() / now.all().size();
            }
            left -= load[i];
            panic[i] = !level.all().isEmpty() && healthy < threshold && total < 100;
        }
        // Integer shares may leave a little; it goes to the first level that has any.
        for (int i = 0; i < n && left > 0; i++) {
            if (load[i] > 0) {
                load[i] += left;
                left = 0;
            }
        }
    }
}
