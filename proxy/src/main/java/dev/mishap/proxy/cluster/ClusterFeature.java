package dev.mishap.proxy.cluster;

/**
 * Something that works on a cluster as long as it lives, such as active health checks or outlier detection. Immutable; it is
 * part of the configuration.
 */
public interface ClusterFeature {
    /**
     * Begins, on the main loop, when the cluster has its first endpoints.
     *
     * @param initialized run once, when the cluster may be used as far as this is concerned
     * @return what ends it; run on the main loop
     */
    Runnable start(Cluster cluster, Runnable initialized);

    /** Whether this is active health checking, which keeps endpoints that are no longer assigned while they are healthy. */
    default boolean checksHealth() {
        return false;
    }
}
