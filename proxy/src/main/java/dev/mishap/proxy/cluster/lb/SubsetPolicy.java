package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import java.util.function.LongSupplier;

/** Endpoints divided into subsets by their metadata; {@code inner} picks within one. */
record SubsetPolicy(SubsetConfig config, LbPolicy inner) implements LbPolicy {
    @Override
    public Object prepare(Cluster cluster, EndpointSet endpoints) {
        return new Subsets(this, cluster, endpoints);
    }

    @Override
    public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
        return new SubsetBalancer(this, cluster, random);
    }
}
