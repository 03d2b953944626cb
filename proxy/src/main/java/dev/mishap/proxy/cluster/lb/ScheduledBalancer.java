package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.PriorityLoad;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Picks a priority, then a locality of it where localities matter, then an endpoint by a picker that keeps its turn. For round
 * robin, least request and random; confined to one loop.
 */
final class ScheduledBalancer implements LoadBalancer {
    private final Cluster cluster;
    private final LocalityConfig localities;
    private final boolean weighsLocalities;
    private final Supplier<EndpointPicker> pickers;
    private final LongSupplier random;
    private @Nullable EndpointSet known;
    private @Nullable EndpointSet knownLocal;
    private @Nullable PriorityHealth health;
    private Level[] levels = {};
    private ZoneRouting zones = ZoneRouting.OFF;

    /**
     * @param localities whether and how a locality is picked first
     * @param pickers makes the picker of a list
     */
    ScheduledBalancer(
            Cluster cluster, LocalityConfig localities, Supplier<EndpointPicker> pickers, LongSupplier random) {
        this.cluster = cluster;
        this.localities = localities;
        this.weighsLocalities = localities.weighted();
        this.pickers = pickers;
        this.random = random;
    }

    @Override
    public @Nullable Endpoint pick(EndpointSet endpoints, PickContext context) {
        PriorityHealth h = health;
        if (endpoints != known || h == null) {
            h = rebuild(endpoints);
        }
        Cluster local = cluster.context().localCluster();
        if (local != null && local.endpoints() != knownLocal) {
            knownLocal = local.endpoints();
            rezone(endpoints, knownLocal);
        }
        Endpoint e = null;
        for (int left = context.retries(); left >= 0; left--) {
            e = pickOnce(endpoints, h, context);
            if (e == null || !context.rejects(e)) {
                break;
            }
        }
        return e;
    }

    private @Nullable Endpoint pickOnce(EndpointSet endpoints, PriorityHealth h, PickContext context) {
        PriorityLoad load = context.priorityLoad(endpoints.priorities(), h.load());
        int chosen = load.choose(random.getAsLong());
        boolean degraded = chosen < 0;
        int priority = degraded ? ~chosen : chosen;
        Level level = levels[priority];
        if (h.panic(priority)) {
            cluster.stats().lbHealthyPanic.inc();
            return localities.failTrafficOnPanic() ? null : level.all.pick();
        }
        if (weighsLocalities) {
            EdfSchedule schedule = degraded ? level.degradedSchedule : level.healthySchedule;
            if (schedule != null) {
                return (degraded ? level.degradedByLocality : level.healthyByLocality)[schedule.next()].pick();
            }
        }
        if (priority == 0 && zones.isOn() && routesByZone()) {
            EndpointSet local = knownLocal;
            double threshold = PriorityHealth.panicThreshold(cluster.config().common(), runtime());
            if (local == null || !PriorityHealth.inPanic(local.priorities().get(0), threshold)) {
                int zone = zones.pick(random, cluster.stats());
                return (degraded ? level.degradedByLocality : level.healthyByLocality)[zone].pick();
            }
            cluster.stats().lbLocalClusterNotOk.inc();
            if (localities.failTrafficOnPanic()) {
                return null;
            }
        }
        return (degraded ? level.degraded : level.healthy).pick();
    }

    private RuntimeSnapshot runtime() {
        return cluster.context().runtime();
    }

    private boolean routesByZone() {
        long ppm = runtime().partsPerMillion("upstream.zone_routing.enabled", (long)
                (cluster.config().common().zoneRoutingPercent() * 10_000));
        return ppm >= 1_000_000 || ppm > 0 && Long.remainderUnsigned(random.getAsLong(), 1_000_000) < ppm;
    }

    private PriorityHealth rebuild(EndpointSet now) {
        int n = now.priorities().size();
        Level[] made = new Level[n];
        for (int i = 0; i < n; i++) {
            made[i] = i < levels.length ? levels[i] : new Level();
            made[i].update(now.priorities().get(i));
        }
        levels = made;
        known = now;
        PriorityHealth h = PriorityHealth.of(now, cluster.config().common(), runtime());
        health = h;
        EndpointSet local = knownLocal;
        if (local != null) {
            rezone(now, local);
        }
        return h;
    }

    private void rezone(EndpointSet now, EndpointSet local) {
        if (weighsLocalities) {
            return;
        }
        cluster.stats().lbRecalculateZoneStructures.inc();
        long min = runtime().integer("upstream.zone_routing.min_cluster_size", localities.zoneMinClusterSize());
        zones = ZoneRouting.of(now.priorities().get(0), local.priorities().get(0), min, cluster.stats());
    }

    /** The pickers of one priority. */
    private final class Level {
        final Source all = new Source();
        final Source healthy = new Source();
        final Source degraded = new Source();
        Source[] healthyByLocality = {};
        Source[] degradedByLocality = {};

        @Nullable
        EdfSchedule healthySchedule;

        @Nullable
        EdfSchedule degradedSchedule;

        void update(HostSet set) {
            all.update(set.all());
            healthy.update(set.healthy());
            degraded.update(set.degraded());
            healthyByLocality = update(healthyByLocality, set.healthyByLocality());
            degradedByLocality = update(degradedByLocality, set.degradedByLocality());
            if (weighsLocalities) {
                healthySchedule = schedule(set, set.healthyByLocality());
                degradedSchedule = schedule(set, set.degradedByLocality());
            }
        }

        private Source[] update(Source[] before, List<List<Endpoint>> lists) {
            if (lists.size() < 2 && !weighsLocalities) {
                return before; // the flat list is the same
            }
            Source[] next = new Source[lists.size()];
            for (int i = 0; i < next.length; i++) {
                next[i] = i < before.length ? before[i] : new Source();
                next[i].update(lists.get(i));
            }
            return next;
        }

        private @Nullable EdfSchedule schedule(HostSet set, List<List<Endpoint>> eligible) {
            double[] weights = LocalityWeights.of(set, eligible);
            int[] entries = new int[weights.length];
            int n = 0;
            for (int i = 0; i < weights.length; i++) {
                if (weights[i] > 0) {
                    entries[n++] = i;
                }
            }
            return n == 0
                    ? null
                    : new EdfSchedule(
                            java.util.Arrays.copyOf(entries, n),
                            i -> weights[i],
                            Long.remainderUnsigned(random.getAsLong(), n));
        }
    }

    /** A list and its picker; the picker stays when the list changes. */
    private final class Source {
        private @Nullable EndpointPicker picker;
        private boolean empty = true;

        void update(List<Endpoint> endpoints) {
            empty = endpoints.isEmpty();
            if (!empty) {
                EndpointPicker p = picker;
                if (p == null) {
                    p = pickers.get();
                    picker = p;
                }
                p.update(endpoints);
            }
        }

        @Nullable
        Endpoint pick() {
            EndpointPicker p = picker;
            return empty || p == null ? null : p.pick();
        }
    }
}
