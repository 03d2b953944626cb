package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.Locality;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Keeps requests in the zone of this process as far as the zone's endpoints can take their part: the share of requests that
 * come from a zone is judged by the share of the local cluster's endpoints there. First priority only.
 */
final class ZoneRouting {
    private static final int SCALE = 10_000;
    /** No routing by zone. */
    static final ZoneRouting OFF = new ZoneRouting(false, 0, new long[0]);

    private final boolean direct;
    private final long localShare;
    private final long[] residual;

    private ZoneRouting(boolean direct, long localShare, long[] residual) {
        this.direct = direct;
        this.localShare = localShare;
        this.residual = residual;
    }

    /** How requests of a cluster whose endpoints are {@code upstream} are spread. */
    static ZoneRouting of(HostSet upstream, HostSet local, long minClusterSize, ClusterStats stats) {
        List<List<Endpoint>> zones = upstream.healthyByLocality();
        if (zones.size() < 2) {
            return OFF;
        }
        if (!upstream.localFirst() || local.all().isEmpty()) {
            stats.lbLocalClusterNotOk.inc();
            return OFF;
        }
        if (upstream.healthy().size() < minClusterSize) {
            stats.lbZoneClusterTooSmall.inc();
            return OFF;
        }
        Map<Locality, Integer> here = new HashMap<>();
        int allHere = 0;
        for (List<Endpoint> zone : local.healthyByLocality()) {
            if (!zone.isEmpty()) {
                here.merge(zone.get(0).locality(), zone.size(), Integer::sum);
                allHere += zone.size();
            }
        }
        int allThere = upstream.healthy().size();
        long[] from = new long[zones.size()];
        long[] to = new long[zones.size()];
        for (int i = 0; i < from.length; i++) {
            int size = zones.get(i).size();
            to[i] = allThere == 0 ? 0 : (long) SCALE * size / allThere;
            int share = here.getOrDefault(upstream.localities().get(i), 0);
            from[i] = size == 0 || allHere == 0 ? 0 : (long) SCALE * share / allHere;
        }
        if (to[0] > 0 && to[0] >= from[0]) {
            return new ZoneRouting(true, SCALE, new long[0]);
        }
        // What does not fit goes to the other zones, in proportion to what they have left over; summed up for the
        // search.
        long[] residual = new long[zones.size()];
        for (int i = 1; i < residual.length; i++) {
            residual[i] = residual[i - 1] + Math.max(0, to[i] - from[i]);
        }
        return new ZoneRouting(false, to[0] > 0 ? to[0] * SCALE / from[0] : 0, residual);
    }

    boolean isOn() {
        return direct || residual.length > 0;
    }

    /** The index of the locality for a request. */
    int pick(LongSupplier random, ClusterStats stats) {
        if (direct) {
            stats.lbZoneRoutingAllDirectly.inc();
            return 0;
        }
        if (Long.remainderUnsigned(random.getAsLong(), SCALE) < localShare) {
            stats.lbZoneRoutingSampled.inc();
            return 0;
        }
        stats.lbZoneRoutingCrossZone.inc();
        long sum = residual[residual.length - 1];
        if (sum == 0) {
            // By rounding, nobody has anything left over.
            stats.lbZoneNoCapacityLeft.inc();
            return (int) Long.remainderUnsigned(random.getAsLong(), residual.length);
        }
        long threshold = Long.remainderUnsigned(random.getAsLong(), sum);
        int i = 0;
        while (threshold >= residual[i]) {
            i++;
        }
        return i;
    }
}
