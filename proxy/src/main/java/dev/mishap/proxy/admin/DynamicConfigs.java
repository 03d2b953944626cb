package dev.mishap.proxy.admin;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.xds.ResourceStatus;
import dev.mishap.proxy.xds.ResourceType;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The discovered configuration of the process, as /config_dump shows it. Read on any thread; all values are immutable. */
public interface DynamicConfigs {
    /** A resource in use. */
    record Dumped(ConfigNode config, String version, Instant updated) {}

    /** Why the last update of a resource was refused. */
    record Refused(ConfigNode config, String details, Instant attempted) {}

    /** A listener by its name, {@code ""} for one that was never there. */
    record ListenerState(
            String name,
            @Nullable Dumped active,
            @Nullable Dumped warming,
            @Nullable Dumped draining,
            @Nullable Refused error) {}

    /** Nothing is discovered. */
    DynamicConfigs NONE = new DynamicConfigs() {};

    /** How a resource stands, null when nobody asked for it. */
    default @Nullable ResourceStatus status(ResourceType type, String name) {
        return null;
    }

    /** The resources of a type that were asked for and of which no version is in use. */
    default List<ResourceStatus> absent(ResourceType type) {
        return List.of();
    }

    /** Of the last LDS response. */
    default String listenersVersion() {
        return "";
    }

    /** Of the last CDS response. */
    default String clustersVersion() {
        return "";
    }

    default List<ListenerState> listeners() {
        return List.of();
    }

    default List<Dumped> routes() {
        return List.of();
    }

    /**
     * The scopes of route tables of one connection manager.
     *
     * @param name of its {@code scoped_routes}
     * @param discovered whether they are, or stand in the configuration
     * @param version of the last response; {@code ""} when there was none
     */
    record Scopes(String name, boolean discovered, String version, Instant updated, List<ConfigNode> configs) {}

    default List<Scopes> scopes() {
        return List.of();
    }

    /** HTTP filters whose configuration is discovered, null when there are none. */
    default @Nullable List<Dumped> filters() {
        return null;
    }

    /**
     * A secret that is discovered.
     *
     * @param config null while it did not come yet
     * @param updated when it came, or was asked for
     */
    record DynamicSecret(String name, @Nullable ConfigNode config, String version, Instant updated) {}

    default List<DynamicSecret> secrets() {
        return List.of();
    }

    /** What the start of the process, or a listener that warms up, waits for: names by what waits. */
    default List<Unready> unready() {
        return List.of();
    }

    /** Who waits and for what. */
    record Unready(String name, List<String> targets) {}
}
