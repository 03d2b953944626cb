package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * When an endpoint is checked. Nanoseconds.
 *
 * @param timeoutNanos for an answer
 * @param intervalNanos between checks of a healthy endpoint
 * @param initialJitterNanos a draw up to this precedes the first check
 * @param jitterNanos a draw up to this is added to each interval
 * @param jitterPercent and a draw up to this share of it
 * @param noTrafficNanos between checks while the cluster never had a connection; default 60 s
 * @param noTrafficHealthyNanos the same of a healthy endpoint; default {@code noTrafficNanos}
 * @param unhealthyNanos between checks of an unhealthy endpoint; default {@code intervalNanos}
 * @param unhealthyEdgeNanos after a failure that did not count yet; default {@code unhealthyNanos}
 * @param healthyEdgeNanos after a success that did not count yet; default {@code intervalNanos}
 */
record HealthTiming(
        long timeoutNanos,
        long intervalNanos,
        long initialJitterNanos,
        long jitterNanos,
        long jitterPercent,
        long noTrafficNanos,
        long noTrafficHealthyNanos,
        long unhealthyNanos,
        long unhealthyEdgeNanos,
        long healthyEdgeNanos) {
    private static final long MILLI = 1_000_000L;

    static HealthTiming from(ConfigNode node) {
        long interval = node.durationNanos("interval", 0);
        long noTraffic = node.durationNanos("no_traffic_interval", 60_000 * MILLI);
        long unhealthy = node.durationNanos("unhealthy_interval", interval);
        return new HealthTiming(
                node.durationNanos("timeout", 0),
                interval,
                node.durationNanos("initial_jitter", 0),
                node.durationNanos("interval_jitter", 0),
                node.integer("interval_jitter_percent", 0),
                noTraffic,
                node.durationNanos("no_traffic_healthy_interval", noTraffic),
                unhealthy,
                node.durationNanos("unhealthy_edge_interval", unhealthy),
                node.durationNanos("healthy_edge_interval", interval));
    }

    /**
     * How long to wait for the next check.
     *
     * @param traffic whether the cluster ever had a connection
     * @param random draws of 0 or more
     */
    long next(boolean healthy, Transition transition, boolean traffic, RuntimeSnapshot runtime, LongSupplier random) {
        boolean edge = transition == Transition.PENDING;
        long base;
        if (!traffic) {
            base = healthy && !edge ? noTrafficHealthyNanos : noTrafficNanos;
        } else if (healthy) {
            base = edge ? healthyEdgeNanos : intervalNanos;
        } else {
            base = edge ? unhealthyEdgeNanos : unhealthyNanos;
        }
        long millis = TimeUnit.NANOSECONDS.toMillis(base);
        long share = jitterPercent * millis / 100;
        if (share > 0) {
            millis += random.getAsLong() % share;
        }
        if (jitterNanos >= MILLI) {
            millis += random.getAsLong() % TimeUnit.NANOSECONDS.toMillis(jitterNanos);
        }
        millis = Math.min(millis, runtime.integer("health_check.max_interval", Long.MAX_VALUE / MILLI));
        millis = Math.max(millis, runtime.integer("health_check.min_interval", 0));
        return Math.max(1, millis) * MILLI; // never at once, or a check would follow the other without end
    }
}
