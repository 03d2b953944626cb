package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import java.util.function.LongSupplier;

/** ROUND_ROBIN. */
record RoundRobinPolicy(SlowStartConfig slowStart, LocalityConfig localities) implements LbPolicy {
    @Override
    public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
        SlowStart slow = new SlowStart(slowStart, cluster);
        return new ScheduledBalancer(cluster, localities, () -> new RoundRobinPicker(random, slow), random);
    }
}
