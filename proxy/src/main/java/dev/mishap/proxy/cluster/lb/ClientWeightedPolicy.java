package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.LoadListener;
import dev.mishap.proxy.cluster.ReportedLoad;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * {@code client_side_weighted_round_robin}: ROUND_ROBIN by weights that endpoints tell with their answers, requests per second over
 * utilisation.
 *
 * @param blackoutNanos how long an endpoint has to tell before it counts; default 10 s
 * @param expirationNanos how long what it told counts; default 3 min
 * @param updateNanos how often weights are looked at; at least 100 ms, default 1 s
 * @param errorPenalty how much errors make an endpoint look busier; default 0
 * @param metrics utilisations that count when the application's own is not told; the highest of them
 */
record ClientWeightedPolicy(
        long blackoutNanos,
        long expirationNanos,
        long updateNanos,
        double errorPenalty,
        List<String> metrics,
        SlowStartConfig slowStart,
        LocalityConfig localities)
        implements LbPolicy, LoadListener {
    static final String MESSAGE =
            "envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin";

    static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(MESSAGE)
            .supported("blackout_period", "weight_expiration_period", "weight_update_period")
            .supported("error_utilization_penalty", "metric_names_for_computing_utilization", "slow_start_config")
            .refused("enable_oob_load_report", "load is told with answers only")
            .refused("oob_reporting_period", "load is told with answers only")
            .refused("oob_reporting_config", "load is told with answers only"));

    private static final long MIN_UPDATE_NANOS = 100_000_000;

    /** As Envoy's, which has 32 bits for it; and one endpoint can't have itself picked for ever, by a weight without an end. */
    private static final double MAX_WEIGHT = 0xffff_ffffL;

    static ClientWeightedPolicy from(ConfigNode node, LocalityConfig localities) {
        return new ClientWeightedPolicy(
                node.durationNanos("blackout_period", 10_000_000_000L),
                node.durationNanos("weight_expiration_period", 180_000_000_000L),
                Math.max(MIN_UPDATE_NANOS, node.durationNanos("weight_update_period", 1_000_000_000L)),
                node.number("error_utilization_penalty", 0),
                node.strings("metric_names_for_computing_utilization"),
                SlowStartConfig.from(node.message("slow_start_config")),
                localities);
    }

    @Override
    public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
        SlowStart slow = new SlowStart(slowStart, cluster);
        return new ScheduledBalancer(
                cluster, localities, () -> new ClientWeightedPicker(this, random, slow, System::nanoTime), random);
    }

    @Override
    public LoadListener loadListener() {
        return this;
    }

    @Override
    public void answered(Endpoint endpoint, HeaderMap headers, long nowNanos) {
        Map<String, Double> report = LoadReports.read(headers);
        double weight = report == null ? 0 : weight(report);
        if (weight > 0) {
            ReportedLoad before = endpoint.reportedLoad;
            boolean goesOn = before != null && nowNanos - before.lastNanos() < expirationNanos;
            // Several loops may do so at once; each leaves something that an endpoint said.
            endpoint.reportedLoad =
                    new ReportedLoad(weight, goesOn && before != null ? before.sinceNanos() : nowNanos, nowNanos);
        }
    }

    /** 0 when the report does not say enough. */
    private double weight(Map<String, Double> report) {
        double requests = value(report, "rps_fractional");
        double busy = utilization(report);
        if (requests <= 0 || busy <= 0) {
            return 0;
        }
        double errors = Math.max(0, value(report, "eps"));
        return Math.min(MAX_WEIGHT, requests / (busy + errors / requests * errorPenalty));
    }

    private double utilization(Map<String, Double> report) {
        double busy = value(report, "application_utilization");
        if (busy <= 0) {
            for (String name : metrics) {
                busy = Math.max(busy, value(report, name));
            }
        }
        return busy > 0 ? busy : value(report, "cpu_utilization");
    }

    private static double value(Map<String, Double> report, String name) {
        Double value = report.get(name);
        return value == null ? 0 : value;
    }

    /** The weight of an endpoint that has one now, else 0. */
    double weightOf(Endpoint endpoint, long nowNanos) {
        ReportedLoad load = endpoint.reportedLoad;
        return load == null
                        || nowNanos - load.lastNanos() >= expirationNanos
                        || nowNanos - load.sinceNanos() < blackoutNanos
                ? 0
                : load.weight();
    }
}
