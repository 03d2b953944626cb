package dev.mishap.proxy.cluster;

import org.jspecify.annotations.Nullable;

/** Picks endpoints of one cluster on one loop, to which it is confined. Allocates nothing while the endpoints stay the same. */
@FunctionalInterface
public interface LoadBalancer {
    /**
     * An endpoint for a request, or null when there is none that may be used.
     *
     * @param endpoints those of now; the same object until anything of them changes
     */
    @Nullable
    Endpoint pick(EndpointSet endpoints, PickContext context);
}
