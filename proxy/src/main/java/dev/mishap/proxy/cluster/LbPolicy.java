package dev.mishap.proxy.cluster;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** How endpoints are picked: a load-balancing policy with its configuration. Immutable. */
public interface LbPolicy {
    /** The balancer of one loop; {@code random} gives any long. */
    LoadBalancer balancer(Cluster cluster, LongSupplier random);

    /** Who wants to see what endpoints answer, or null. */
    default @Nullable LoadListener loadListener() {
        return null;
    }

    /** What all loops share for {@code endpoints} and what is too dear to be made on a worker: rings and tables. Main loop. */
    default @Nullable Object prepare(Cluster cluster, EndpointSet endpoints) {
        return null;
    }
}
