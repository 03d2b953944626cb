package dev.mishap.proxy.xds.lrs;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.proto.ProtoWriter;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What was reported of a cluster so far, so that a report has what came since. Main loop only. */
final class ClusterLoad {
    /** What an endpoint had counted at the last report. */
    private record Counted(long success, long error, long issued) {
        static final Counted NOTHING = new Counted(0, 0, 0);

        static Counted of(Endpoint e) {
            return new Counted(e.rqSuccess.sum(), e.rqError.sum(), e.rqTotal.sum());
        }

        Counted since(Counted before) {
            return new Counted(success - before.success, error - before.error, issued - before.issued);
        }

        Counted plus(Counted other) {
            return new Counted(success + other.success, error + other.error, issued + other.issued);
        }

        boolean isNothing() {
            return success == 0 && error == 0 && issued == 0;
        }
    }

    private Map<Endpoint, Counted> counted = new IdentityHashMap<>();
    private @Nullable Cluster cluster;
    private long dropped;
    private long overloads;
    private long at;

    /** Begins to count now. */
    ClusterLoad(Cluster cluster, long now) {
        this.cluster = cluster;
        this.at = now;
        dropped = cluster.stats().dropped.sum();
        overloads = cluster.stats().droppedByOverload.sum();
        cluster.members().all().forEach(e -> counted.put(e, Counted.of(e)));
    }

    /** Writes the fields of an {@code envoy.config.endpoint.v3.ClusterStats}; the next one has what comes after. */
    void write(Cluster now, long nanos, boolean endpoints, ProtoWriter out) {
        if (cluster != now) {
            // It was replaced: its endpoints may be the same, its counts begin anew.
            cluster = now;
            dropped = 0;
            overloads = 0;
        }
        out.string(1, now.name());
        Map<Endpoint, Counted> next = new IdentityHashMap<>();
        for (HostSet level : now.members().priorities()) {
            List<Locality> localities = level.localities();
            for (int i = 0; i < localities.size(); i++) {
                locality(localities.get(i), level.priority(), level.byLocality().get(i), endpoints, next, out);
            }
        }
        counted = next;
        long droppedNow = now.stats().dropped.sum();
        long overloadsNow = now.stats().droppedByOverload.sum();
        out.varint(3, droppedNow - dropped);
        out.time(4, nanos - at);
        if (overloadsNow > overloads) {
            int begun = out.begin(5);
            out.string(1, now.members().policy().dropCategory()).varint(2, overloadsNow - overloads);
            out.end(begun);
        }
        String service = now.config().discovery().assignmentName(now.name());
        if (!service.equals(now.name())) {
            out.string(6, service);
        }
        dropped = droppedNow;
        overloads = overloadsNow;
        at = nanos;
    }

    /** {@code UpstreamLocalityStats}, unless nothing happened. */
    private void locality(
            Locality locality,
            int priority,
            List<Endpoint> all,
            boolean endpoints,
            Map<Endpoint, Counted> next,
            ProtoWriter out) {
        Counted sum = Counted.NOTHING;
        long active = 0;
        ProtoWriter each = new ProtoWriter(64);
        for (Endpoint e : all) {
            Counted total = Counted.of(e);
            Counted since = total.since(counted.getOrDefault(e, Counted.NOTHING));
            next.put(e, total);
            long inProgress = e.rqActive.get();
            sum = sum.plus(since);
            active += inProgress;
            if (endpoints && !(since.isNothing() && inProgress == 0)) {
                endpoint(e, since, inProgress, each);
            }
        }
        if (sum.isNothing() && active == 0) {
            return;
        }
        int begun = out.begin(2);
        int where = out.begin(1);
        out.string(1, locality.region()).string(2, locality.zone()).string(3, locality.subZone());
        out.end(where);
        out.varint(2, sum.success()).varint(3, active).varint(4, sum.error()).varint(6, priority);
        out.append(each.array(), 0, each.size());
        out.varint(8, sum.issued());
        out.end(begun);
    }

    /** {@code UpstreamEndpointStats}. */
    private static void endpoint(Endpoint e, Counted since, long inProgress, ProtoWriter out) {
        int begun = out.begin(7);
        int address = out.begin(1);
        InetSocketAddress ip = e.ip();
        if (ip == null) {
            int pipe = out.begin(2);
            out.string(1, e.address().toString());
            out.end(pipe);
        } else {
            int socket = out.begin(1);
            out.string(2, NetUtil.toAddressString(ip.getAddress())).varintAlways(3, ip.getPort());
            out.end(socket);
        }
        out.end(address);
        out.varint(2, since.success())
                .varint(3, inProgress)
                .varint(4, since.error())
                .varint(7, since.issued());
        out.end(begun);
    }
}
