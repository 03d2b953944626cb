package dev.mishap.proxy.cluster;

/** Where the endpoints of a cluster come from: a cluster type with its configuration. Immutable. */
public interface Discovery {
    /** What keeps the endpoints of {@code cluster} current; called once, on the main loop, before the cluster is used. */
    EndpointSource open(Cluster cluster);

    /** The name of the assignment that the endpoints are in, which may be another than the cluster's. */
    default String assignmentName(String cluster) {
        return cluster;
    }

    /** Whether endpoints may come and go while the cluster stays. */
    default boolean changes() {
        return true;
    }

    /** Whether other clusters have to be ready first, because their endpoints come through one of them. */
    default boolean secondary() {
        return false;
    }
}
