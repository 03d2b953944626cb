package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What a route table needs from the rest of the process while it is built. */
public interface RouteContext {
    /** Whether a cluster of that name exists. */
    boolean hasCluster(String name);

    /** Whether unknown clusters are an error unless the table says so itself: true for a table within a static listener. */
    default boolean validateClusters() {
        return true;
    }

    /**
     * Parses the per-route configuration of the filter that chains call {@code filterName}; the type of {@code config} tells
     * which filter that is. Null when {@code optional} and no filter has that type.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when the filter has no per-route configuration
     */
    @Nullable
    Object perFilterConfig(String filterName, ConfigNode config, boolean optional);

    /** Told of each virtual cluster and each route with stats of its own, so that its stats are there before its first request; {@code statPrefix} ends with a dot. */
    default void virtualCluster(String statPrefix) {}

    /** {@code node.cluster}, {@code ""} when not given. */
    default String nodeCluster() {
        return "";
    }

    /** Draws for fractions and weights, one a request; called on any event loop. */
    default LongSupplier random() {
        return () -> ThreadLocalRandom.current().nextLong();
    }
}
