package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import org.jspecify.annotations.Nullable;

/** {@code envoy.config.core.v3.RuntimeDouble}: a number that a runtime key overrides; key {@code ""} = none does. */
record RuntimeDouble(String key, double value) {
    static RuntimeDouble from(@Nullable ConfigNode node, double absent) {
        return node == null
                ? new RuntimeDouble("", absent)
                : new RuntimeDouble(node.string("runtime_key"), node.number("default_value", 0));
    }

    double of(RuntimeSnapshot runtime) {
        return key.isEmpty() ? value : runtime.number(key, value);
    }
}
