package dev.mishap.proxy.filter.http.admissioncontrol;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * A number that a runtime key can change, as {@code RuntimeDouble} and {@code RuntimePercent} of {@code envoy.config.core.v3}.
 *
 * @param key the runtime key, {@code ""} for none
 */
record RuntimeNumber(String key, double byDefault) {
    static RuntimeNumber of(@Nullable ConfigNode node, double absent) {
        return node == null
                ? new RuntimeNumber("", absent)
                : new RuntimeNumber(node.string("runtime_key"), node.number("default_value", 0));
    }

    static RuntimeNumber ofPercent(@Nullable ConfigNode node, double absent) {
        if (node == null) {
            return new RuntimeNumber("", absent);
        }
        ConfigNode percent = node.message("default_value");
        return new RuntimeNumber(node.string("runtime_key"), percent == null ? 0 : percent.number("value", 0));
    }

    double in(RuntimeSnapshot runtime) {
        return key.isEmpty() ? byDefault : runtime.number(key, byDefault);
    }
}
