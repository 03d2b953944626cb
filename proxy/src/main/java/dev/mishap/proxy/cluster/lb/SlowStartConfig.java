package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.config.schema.ConfigNode;
import org.jspecify.annotations.Nullable;

/**
 * {@code slow_start_config}.
 *
 * @param windowNanos {@code slow_start_window}; 0 = off
 * @param aggression {@code aggression}, &gt; 0; default 1 = the weight grows linearly
 * @param minWeightPercent {@code min_weight_percent}, default 10
 */
record SlowStartConfig(long windowNanos, RuntimeDouble aggression, double minWeightPercent) {
    static final SlowStartConfig OFF = new SlowStartConfig(0, new RuntimeDouble("", 1), 10);

    static SlowStartConfig from(@Nullable ConfigNode node) {
        if (node == null) {
            return OFF;
        }
        ConfigNode least = node.message("min_weight_percent");
        return new SlowStartConfig(
                node.durationNanos("slow_start_window", 0),
                RuntimeDouble.from(node.message("aggression"), 1),
                least == null ? 10 : least.number("value", 0));
    }
}
