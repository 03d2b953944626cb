package dev.mishap.proxy.route.match;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * A switch that a runtime key can change, as {@code envoy.config.core.v3.RuntimeFeatureFlag}.
 *
 * @param key the runtime key, {@code ""} for none
 */
public record RuntimeFlag(String key, boolean defaultValue) {
    public static final SupportedFields FIELDS =
            SupportedFields.of("envoy.config.core.v3.RuntimeFeatureFlag").supported("default_value", "runtime_key");

    /** A switch that is always on. */
    public static final RuntimeFlag ON = new RuntimeFlag("", true);

    /** The switch of {@code node}, or null when there is none. */
    public static @Nullable RuntimeFlag from(@Nullable ConfigNode node) {
        return node == null ? null : new RuntimeFlag(node.string("runtime_key"), node.bool("default_value", false));
    }

    public boolean on(RuntimeSnapshot runtime) {
        return key.isEmpty() ? defaultValue : runtime.bool(key, defaultValue);
    }
}
