package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import java.util.function.LongSupplier;

/** RANDOM. */
record RandomPolicy(LocalityConfig localities) implements LbPolicy {
    @Override
    public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
        return new ScheduledBalancer(cluster, localities, () -> new RandomPicker(random), random);
    }
}
