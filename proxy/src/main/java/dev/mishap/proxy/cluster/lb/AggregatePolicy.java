package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * CLUSTER_PROVIDED of an aggregate cluster.
 *
 * @param clusters names, the one that is used first first
 */
public record AggregatePolicy(List<String> clusters) implements LbPolicy {
    @Override
    public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
        return new AggregateBalancer(this, cluster, random);
    }
}
