package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.PriorityLoad;
import dev.mishap.proxy.http.HeaderMap;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Picks one of the priorities of several clusters in a row by the health of all of them, then has that cluster's own balancer
 * pick an endpoint there. The endpoint's pools and counts are its own cluster's. Confined to one loop.
 */
final class AggregateBalancer implements LoadBalancer {
    private final AggregatePolicy policy;
    private final Cluster cluster;
    private final LongSupplier random;
    private final @Nullable Cluster[] members;
    private final @Nullable EndpointSet[] known;
    private final @Nullable LoadBalancer[] balancers;
    private final Inner inner = new Inner();
    private @Nullable PriorityHealth health;
    private List<HostSet> row = List.of();
    /** Of each priority in the row: which cluster's it is, and which of it. */
    private int[] memberOf = {};

    private int[] priorityOf = {};

    AggregateBalancer(AggregatePolicy policy, Cluster cluster, LongSupplier random) {
        this.policy = policy;
        this.cluster = cluster;
        this.random = random;
        int n = policy.clusters().size();
        members = new Cluster[n];
        known = new EndpointSet[n];
        balancers = new LoadBalancer[n];
    }

    @Override
    public @Nullable Endpoint pick(EndpointSet none, PickContext context) {
        PriorityHealth h = health;
        if (changed() || h == null) {
            h = rebuild();
        }
        if (memberOf.length == 0) {
            return null;
        }
        int chosen =
                context.priorityLoad(row, h.load()).choose(context.hasHash() ? context.hash() : random.getAsLong());
        int at = chosen < 0 ? ~chosen : chosen;
        int m = memberOf[at];
        EndpointSet endpoints = known[m];
        LoadBalancer balancer = balancers[m];
        if (endpoints == null || balancer == null) {
            return null;
        }
        inner.to = context;
        inner.priority = priorityOf[at];
        inner.degraded = chosen < 0;
        Endpoint e = balancer.pick(endpoints, inner);
        inner.to = PickContext.NONE;
        return e;
    }

    private boolean changed() {
        boolean any = false;
        for (int i = 0; i < known.length; i++) {
            Cluster now = cluster.context().cluster(policy.clusters().get(i));
            if (now != members[i]) {
                members[i] = now;
                balancers[i] =
                        now == null || now == cluster ? null : now.config().lb().balancer(now, random);
                any = true;
            }
            EndpointSet endpoints = now == null || now == cluster ? null : now.endpoints();
            if (endpoints != known[i]) {
                known[i] = endpoints;
                any = true;
            }
        }
        return any;
    }

    private PriorityHealth rebuild() {
        List<HostSet> levels = new ArrayList<>();
        int[] of = new int[16];
        int[] at = new int[16];
        for (int m = 0; m < known.length; m++) {
            EndpointSet endpoints = known[m];
            if (endpoints == null) {
                continue;
            }
            for (HostSet level : endpoints.priorities()) {
                if (levels.size() == of.length) {
                    of = Arrays.copyOf(of, 2 * of.length);
                    at = Arrays.copyOf(at, 2 * at.length);
                }
                of[levels.size()] = m;
                at[levels.size()] = level.priority();
                levels.add(level);
            }
        }
        row = levels;
        memberOf = Arrays.copyOf(of, levels.size());
        priorityOf = Arrays.copyOf(at, levels.size());
        PriorityHealth h = levels.isEmpty()
                ? PriorityHealth.of(
                        EndpointSet.EMPTY,
                        cluster.config().common(),
                        cluster.context().runtime())
                : PriorityHealth.of(
                        levels, cluster.config().common(), cluster.context().runtime());
        health = h;
        return h;
    }

    /** The request, but the priority is settled. */
    private static final class Inner implements PickContext {
        PickContext to = PickContext.NONE;
        int priority;
        boolean degraded;

        @Override
        public boolean hasHash() {
            return to.hasHash();
        }

        @Override
        public long hash() {
            return to.hash();
        }

        @Override
        public @Nullable MetadataMatch metadataMatch() {
            return to.metadataMatch();
        }

        @Override
        public @Nullable InetSocketAddress originalDestination() {
            return to.originalDestination();
        }

        @Override
        public @Nullable HeaderMap requestHeaders() {
            return to.requestHeaders();
        }

        @Override
        public @Nullable Map<String, Object> connectionMetadata(String namespace) {
            return to.connectionMetadata(namespace);
        }

        @Override
        public @Nullable Map<String, Object> requestMetadata(String namespace) {
            return to.requestMetadata(namespace);
        }

        @Override
        public PriorityLoad priorityLoad(List<HostSet> levels, PriorityLoad base) {
            return PriorityLoad.only(priority, degraded, base.priorities());
        }

        @Override
        public boolean rejects(Endpoint picked) {
            return to.rejects(picked);
        }

        @Override
        public int earlierTries() {
            return to.earlierTries();
        }

        @Override
        public int retries() {
            return to.retries();
        }
    }
}
