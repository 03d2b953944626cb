package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.LoadListener;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Endpoints divided into subsets by their metadata; {@code inner} picks within one. */
record SubsetPolicy(SubsetConfig config, LbPolicy inner) implements LbPolicy {
    @Override
    public Object prepare(Cluster cluster, EndpointSet endpoints) {
        return new Subsets(this, cluster, endpoints);
    }

    @Override
    public @Nullable LoadListener loadListener() {
        return inner.loadListener();
    }

    @Override
    public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
        return new SubsetBalancer(this, cluster, random);
    }
}
