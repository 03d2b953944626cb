package dev.mishap.proxy.cluster.outlier;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterFeature;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * {@code envoy.config.cluster.v3.OutlierDetection}. Times are nanoseconds, shares are percents; each number can be overridden by
 * the runtime key {@code outlier_detection.<field>}.
 *
 * @param consecutive5xx responses of 5xx, or failures, in a row that eject; default 5
 * @param consecutiveGatewayFailure of 502, 503 and 504; default 5
 * @param consecutiveLocalOriginFailure of failures of this proxy's own, when they are told apart; default 5
 * @param intervalNanos between two looks at the success rates and at who may come back; default 10 s
 * @param baseEjectionNanos times the number of ejections = how long one lasts; default 30 s
 * @param maxEjectionNanos but no longer; default 300 s, at least the base
 * @param maxJitterNanos a draw up to this is added; default 0
 * @param maxEjectionPercent of a cluster's endpoints that may be ejected at once; default 10
 * @param enforcing in how many of a hundred cases a finding is acted on
 * @param successRateMinimumHosts endpoints with enough requests for success rates to be compared; default 5
 * @param successRateRequestVolume enough requests in an interval; default 100
 * @param successRateStdevFactor in thousandths; default 1900
 * @param failurePercentageThreshold share of failures that ejects; default 85
 * @param failurePercentageMinimumHosts default 5
 * @param failurePercentageRequestVolume default 50
 * @param split whether failures of this proxy's own are told apart from those of responses
 * @param unejectByHealthCheck whether an active health check that passes ends an ejection; default true
 * @param alwaysEjectOne whether one may be ejected whatever {@code maxEjectionPercent} says
 */
public record OutlierConfig(
        long consecutive5xx,
        long consecutiveGatewayFailure,
        long consecutiveLocalOriginFailure,
        long intervalNanos,
        long baseEjectionNanos,
        long maxEjectionNanos,
        long maxJitterNanos,
        long maxEjectionPercent,
        Map<Ejection, Long> enforcing,
        long successRateMinimumHosts,
        long successRateRequestVolume,
        long successRateStdevFactor,
        long failurePercentageThreshold,
        long failurePercentageMinimumHosts,
        long failurePercentageRequestVolume,
        boolean split,
        boolean unejectByHealthCheck,
        boolean alwaysEjectOne)
        implements ClusterFeature {
    private static final long SECOND = 1_000_000_000L;

    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of("envoy.config.cluster.v3.OutlierDetection")
                    .supported("consecutive_5xx", "interval", "base_ejection_time", "max_ejection_percent")
                    .supported("enforcing_consecutive_5xx", "enforcing_success_rate", "success_rate_minimum_hosts")
                    .supported("success_rate_request_volume", "success_rate_stdev_factor")
                    .supported("consecutive_gateway_failure", "enforcing_consecutive_gateway_failure")
                    .supported("split_external_local_origin_errors", "consecutive_local_origin_failure")
                    .supported("enforcing_consecutive_local_origin_failure", "enforcing_local_origin_success_rate")
                    .supported("failure_percentage_threshold", "enforcing_failure_percentage")
                    .supported("enforcing_failure_percentage_local_origin", "failure_percentage_minimum_hosts")
                    .supported("failure_percentage_request_volume", "max_ejection_time", "max_ejection_time_jitter")
                    .supported("successful_active_health_check_uneject_host", "always_eject_one_host"));

    /** Reads the {@code outlier_detection} of a cluster. */
    public static OutlierConfig from(ConfigNode node) {
        long base = node.durationNanos("base_ejection_time", 30 * SECOND);
        long max = node.durationNanos("max_ejection_time", Math.max(300 * SECOND, base));
        if (max < base) {
            throw new ConfigException("outlier detector's max_ejection_time cannot be smaller than base_ejection_time");
        }
        Map<Ejection, Long> enforcing = new EnumMap<>(Ejection.class);
        enforcing.put(Ejection.CONSECUTIVE_5XX, node.integer("enforcing_consecutive_5xx", 100));
        enforcing.put(Ejection.CONSECUTIVE_GATEWAY_FAILURE, node.integer("enforcing_consecutive_gateway_failure", 0));
        enforcing.put(Ejection.SUCCESS_RATE, node.integer("enforcing_success_rate", 100));
        enforcing.put(
                Ejection.CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
                node.integer("enforcing_consecutive_local_origin_failure", 100));
        enforcing.put(Ejection.SUCCESS_RATE_LOCAL_ORIGIN, node.integer("enforcing_local_origin_success_rate", 100));
        enforcing.put(Ejection.FAILURE_PERCENTAGE, node.integer("enforcing_failure_percentage", 0));
        enforcing.put(
                Ejection.FAILURE_PERCENTAGE_LOCAL_ORIGIN, node.integer("enforcing_failure_percentage_local_origin", 0));
        return new OutlierConfig(
                node.integer("consecutive_5xx", 5),
                node.integer("consecutive_gateway_failure", 5),
                node.integer("consecutive_local_origin_failure", 5),
                node.durationNanos("interval", 10 * SECOND),
                base,
                max,
                node.durationNanos("max_ejection_time_jitter", 0),
                node.integer("max_ejection_percent", 10),
                enforcing,
                node.integer("success_rate_minimum_hosts", 5),
                node.integer("success_rate_request_volume", 100),
                node.integer("success_rate_stdev_factor", 1900),
                node.integer("failure_percentage_threshold", 85),
                node.integer("failure_percentage_minimum_hosts", 5),
                node.integer("failure_percentage_request_volume", 50),
                node.bool("split_external_local_origin_errors", false),
                node.bool("successful_active_health_check_uneject_host", true),
                node.bool("always_eject_one_host", false));
    }

    @Override
    public Runnable start(Cluster cluster, Runnable initialized) {
        OutlierDetector detector = new OutlierDetector(
                this, cluster, () -> ThreadLocalRandom.current().nextLong(Long.MAX_VALUE));
        detector.start();
        initialized.run();
        return detector::stop;
    }
}
