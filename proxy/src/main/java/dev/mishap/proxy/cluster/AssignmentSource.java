package dev.mishap.proxy.cluster;

import dev.mishap.proxy.config.schema.ConfigNode;

/** Delivers {@code ClusterLoadAssignment}s: the transport of EDS. All calls are on the main loop. */
public interface AssignmentSource {
    /**
     * Subscribes to one assignment.
     *
     * @param cluster the subscriber, for stats ({@code update_attempt} and so on are the source's to count)
     * @param name of the resource: {@code service_name}, else the cluster's name
     * @param config {@code envoy.config.core.v3.ConfigSource}
     * @return ends the subscription
     */
    Runnable subscribe(Cluster cluster, String name, ConfigNode config, Subscriber subscriber);

    /** Who wants the assignment. */
    interface Subscriber {
        /**
         * A checked {@code envoy.config.endpoint.v3.ClusterLoadAssignment} came.
         *
         * @throws dev.mishap.proxy.config.schema.ConfigException when it can't be accepted; the assignment before stays
         */
        void onAssignment(ConfigNode assignment);

        /** There is nothing: the resource was removed, or none came within {@code initial_fetch_timeout}. */
        void onAbsent();
    }
}
