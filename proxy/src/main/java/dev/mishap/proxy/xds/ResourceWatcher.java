package dev.mishap.proxy.xds;

import java.util.List;

/** What a subscriber makes of the resources that arrive. Called on the main loop. */
public interface ResourceWatcher {
    /**
     * All resources of the subscription as they are now.
     *
     * @param version of the response
     * @throws dev.mishap.proxy.config.schema.ConfigException when some can't be accepted; those that can are applied
     */
    void onUpdate(List<Resource> resources, String version);

    /**
     * What changed.
     *
     * @param removed names of resources that are gone
     * @param version {@code system_version_info}
     * @throws dev.mishap.proxy.config.schema.ConfigException when some can't be accepted; those that can are applied
     */
    void onDelta(List<Resource> added, List<String> removed, String version);

    /**
     * The server has said what it has of those names, whether that is something or nothing; after {@link #onDelta}. Virtual hosts
     * only, which are asked for by names that differ from their own.
     */
    default void onAnswered(List<String> names) {}

    /** Nothing came within {@code initial_fetch_timeout}. Who waits for the first answer waits no longer. */
    void onFailure();

    /**
     * What came was refused, by {@link #onUpdate}, {@link #onDelta} or before it got there. What was there stays, and who waits
     * for the first answer waits no longer.
     */
    default void onRefused(String why) {
        onFailure();
    }
}
