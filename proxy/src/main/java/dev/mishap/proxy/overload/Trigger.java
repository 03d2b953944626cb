package dev.mishap.proxy.overload;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;

/**
 * When a resource's pressure sets an action off: from {@code saturation} on wholly, over {@code scaling} by the share of the way.
 *
 * @param monitor name of the resource monitor
 * @param scaling the pressure up to which nothing happens; equal to {@code saturation} for a plain threshold
 */
record Trigger(String monitor, double scaling, double saturation) {
    static Trigger from(ConfigNode node) {
        ConfigNode threshold = node.message("threshold");
        if (threshold != null) {
            double value = threshold.number("value", 0);
            return new Trigger(node.string("name"), value, value);
        }
        ConfigNode scaled = node.required("scaled");
        double scaling = scaled.number("scaling_threshold", 0);
        double saturation = scaled.number("saturation_threshold", 0);
        if (scaling >= saturation) {
            throw new ConfigException("scaling_threshold must be less than saturation_threshold");
        }
        return new Trigger(node.string("name"), scaling, saturation);
    }

    /** @param pressure 0 to 1; the action's value, likewise */
    float value(double pressure) {
        if (pressure >= saturation) {
            return 1;
        }
        return pressure <= scaling ? 0 : (float) ((pressure - scaling) / (saturation - scaling));
    }
}
