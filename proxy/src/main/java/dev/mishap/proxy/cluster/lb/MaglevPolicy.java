package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.function.LongSupplier;

/**
 * MAGLEV.
 *
 * @param tableSize {@code table_size}, a prime; default 65537
 * @param byHostname {@code use_hostname_for_hashing}
 * @param balanceFactor {@code hash_balance_factor} in percent, &ge; 100; 0 = loads are not bounded
 */
record MaglevPolicy(long tableSize, boolean byHostname, int balanceFactor, boolean weighsLocalities)
        implements LbPolicy {
    static final long DEFAULT_SIZE = 65_537;

    @Override
    public Object prepare(Cluster cluster, EndpointSet endpoints) {
        Scope scope = cluster.stats().scope.scope("maglev_lb.");
        return new HashBalancer.Tables(cluster, endpoints, weighsLocalities, hosts -> {
            MaglevTable table = new MaglevTable(hosts, this);
            scope.gauge("min_entries_per_host").set(table.minPerHost);
            scope.gauge("max_entries_per_host").set(table.maxPerHost);
            return balanceFactor == 0 ? table : new BoundedTable(table, hosts, balanceFactor, cluster);
        });
    }

    @Override
    public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
        return new HashBalancer(cluster, random);
    }
}
