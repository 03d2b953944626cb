package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.CommonLbConfig;
import dev.mishap.proxy.config.schema.ConfigNode;
import org.jspecify.annotations.Nullable;

/**
 * What localities mean to a policy.
 *
 * @param weighted whether a locality is picked by its weight
 * @param zoneRoutingPercent {@code zone_aware_lb_config.routing_enabled}, default 100
 * @param zoneMinClusterSize {@code zone_aware_lb_config.min_cluster_size}, default 6
 * @param failTrafficOnPanic {@code zone_aware_lb_config.fail_traffic_on_panic}
 */
record LocalityConfig(
        boolean weighted, double zoneRoutingPercent, long zoneMinClusterSize, boolean failTrafficOnPanic) {
    static final LocalityConfig DEFAULT = new LocalityConfig(false, 100, 6, false);

    static LocalityConfig of(CommonLbConfig common) {
        return new LocalityConfig(
                common.localityWeighted(),
                common.zoneRoutingPercent(),
                common.zoneMinClusterSize(),
                common.failTrafficOnPanic());
    }

    /** From the {@code locality_lb_config} of a policy's own message. */
    static LocalityConfig from(@Nullable ConfigNode node) {
        if (node == null) {
            return DEFAULT;
        }
        ConfigNode zones = node.message("zone_aware_lb_config");
        ConfigNode routing = zones == null ? null : zones.message("routing_enabled");
        return new LocalityConfig(
                node.message("locality_weighted_lb_config") != null,
                routing == null ? 100 : routing.number("value", 0),
                zones == null ? 6 : zones.integer("min_cluster_size", 6),
                zones != null && zones.bool("fail_traffic_on_panic", false));
    }

    LocalityConfig withWeighted(boolean on) {
        return new LocalityConfig(on, zoneRoutingPercent, zoneMinClusterSize, failTrafficOnPanic);
    }
}
