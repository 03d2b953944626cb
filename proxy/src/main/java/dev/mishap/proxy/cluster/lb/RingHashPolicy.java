package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.function.LongSupplier;

/**
 * RING_HASH.
 *
 * @param murmur MURMUR_HASH_2 instead of XX_HASH
 * @param minimumSize {@code minimum_ring_size}, default 1024
 * @param maximumSize {@code maximum_ring_size}, default 8 Mi
 * @param byHostname {@code use_hostname_for_hashing}
 * @param balanceFactor {@code hash_balance_factor} in percent, &ge; 100; 0 = loads are not bounded
 */
record RingHashPolicy(
        boolean murmur,
        long minimumSize,
        long maximumSize,
        boolean byHostname,
        int balanceFactor,
        boolean weighsLocalities)
        implements LbPolicy {
    static final long MAX_SIZE = 8L << 20;

    @Override
    public Object prepare(Cluster cluster, EndpointSet endpoints) {
        Scope scope = cluster.stats().scope.scope("ring_hash_lb.");
        return new HashBalancer.Tables(cluster, endpoints, weighsLocalities, hosts -> {
            Ring ring = new Ring(hosts, this);
            if (ring.size() > 0) {
                scope.gauge("size").set(ring.size());
                scope.gauge("min_hashes_per_host").set(ring.minPerHost);
                scope.gauge("max_hashes_per_host").set(ring.maxPerHost);
            }
            return balanceFactor == 0 ? ring : new BoundedTable(ring, hosts, balanceFactor, cluster);
        });
    }

    @Override
    public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
        return new HashBalancer(cluster, random);
    }
}
