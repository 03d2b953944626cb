package dev.mishap.proxy.cluster;

import java.util.Set;

/**
 * {@code common_lb_config}: what all load-balancing policies have in common.
 *
 * @param panicPercent {@code healthy_panic_threshold}, default 50; 0 = off
 * @param zoneRoutingPercent {@code zone_aware_lb_config.routing_enabled}, default 100
 * @param zoneMinClusterSize {@code zone_aware_lb_config.min_cluster_size}, default 6
 * @param failTrafficOnPanic {@code zone_aware_lb_config.fail_traffic_on_panic}
 * @param localityWeighted whether {@code locality_weighted_lb_config} is there
 * @param mergeWindowNanos {@code update_merge_window}, default 1 s; 0 = every change acts at once
 * @param ignoreNewHosts {@code ignore_new_hosts_until_first_hc}: an endpoint counts for load and panic when it was checked
 * @param closeOnChange {@code close_connections_on_host_set_change}: all connections are drained when an endpoint comes or goes
 * @param ignoreHealthOnRemoval {@code Cluster.ignore_health_on_host_removal}: an endpoint that is no longer assigned goes at once
 * @param closeOnHealthFailure {@code Cluster.close_connections_on_host_health_failure}: connections to an endpoint that became unhealthy are drained
 * @param overrideHealth {@code override_host_status}: what an endpoint that a request names must be like, to be asked
 */
public record CommonLbConfig(
        double panicPercent,
        double zoneRoutingPercent,
        long zoneMinClusterSize,
        boolean failTrafficOnPanic,
        boolean localityWeighted,
        long mergeWindowNanos,
        boolean ignoreNewHosts,
        boolean closeOnChange,
        boolean ignoreHealthOnRemoval,
        boolean closeOnHealthFailure,
        OverrideHealth overrideHealth) {
    public static final CommonLbConfig DEFAULT = new CommonLbConfig(
            50, 100, 6, false, false, 1_000_000_000L, false, false, false, false, OverrideHealth.DEFAULT);

    public CommonLbConfig withPanic(double percent) {
        return new CommonLbConfig(
                percent,
                zoneRoutingPercent,
                zoneMinClusterSize,
                failTrafficOnPanic,
                localityWeighted,
                mergeWindowNanos,
                ignoreNewHosts,
                closeOnChange,
                ignoreHealthOnRemoval,
                closeOnHealthFailure,
                overrideHealth);
    }

    /** The same with what a cluster says outside of its {@code common_lb_config}. */
    public CommonLbConfig with(boolean ignoreHealth, boolean closeOnFailure) {
        return new CommonLbConfig(
                panicPercent,
                zoneRoutingPercent,
                zoneMinClusterSize,
                failTrafficOnPanic,
                localityWeighted,
                mergeWindowNanos,
                ignoreNewHosts,
                closeOnChange,
                ignoreHealth,
                closeOnFailure,
                overrideHealth);
    }

    /** Of which status an endpoint may be that a request names ({@link PickContext#overrideHost}). */
    public record OverrideHealth(Set<HealthStatus> statuses) {
        public static final OverrideHealth DEFAULT =
                new OverrideHealth(Set.of(HealthStatus.UNKNOWN, HealthStatus.HEALTHY, HealthStatus.DEGRADED));

        public OverrideHealth {
            statuses = Set.copyOf(statuses);
        }
    }
}
