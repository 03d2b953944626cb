package dev.mishap.proxy.filter.http.fault;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.route.match.HeaderMatcher;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One {@code envoy.extensions.filters.http.fault.v3.HTTPFault}, of the filter or of a route. Immutable.
 *
 * @param delay the delay, or null for none
 * @param abort the abort, or null for none
 * @param rateLimit the limit of the response's body, or null for none
 * @param upstreamCluster the cluster that the route must name, {@code ""} = any
 * @param headers matchers that must all match
 * @param downstreamNodes values of x-envoy-downstream-service-node that match; empty = any, even none
 * @param maxActiveFaults how many faults may be active at once; Long.MAX_VALUE = no limit
 * @param keys the names of the runtime keys
 * @param perClusterStats whether the counters of the downstream cluster are kept, too
 * @param metadata what a request that is delayed or aborted gets as dynamic metadata
 */
record FaultConfig(
        @Nullable Delay delay,
        @Nullable Abort abort,
        @Nullable RateLimit rateLimit,
        String upstreamCluster,
        List<HeaderMatcher> headers,
        Set<String> downstreamNodes,
        long maxActiveFaults,
        RuntimeKeys keys,
        boolean perClusterStats,
        Map<String, Object> metadata) {

    /** The messages read here, for the table of supported fields. */
    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.extensions.filters.http.fault.v3.HTTPFault")
                    .supported(
                            "delay",
                            "abort",
                            "upstream_cluster",
                            "headers",
                            "downstream_nodes",
                            "max_active_faults",
                            "response_rate_limit",
                            "delay_percent_runtime",
                            "abort_percent_runtime",
                            "delay_duration_runtime",
                            "abort_http_status_runtime",
                            "max_active_faults_runtime",
                            "response_rate_limit_percent_runtime",
                            "abort_grpc_status_runtime",
                            "disable_downstream_cluster_stats",
                            "filter_metadata"),
            SupportedFields.of("envoy.extensions.filters.http.fault.v3.FaultAbort")
                    .supported("http_status", "grpc_status", "header_abort", "percentage", "response_body"),
            SupportedFields.of("envoy.extensions.filters.http.fault.v3.FaultAbort.HeaderAbort"),
            SupportedFields.of("envoy.extensions.filters.common.fault.v3.FaultDelay")
                    .supported("fixed_delay", "header_delay", "percentage"),
            SupportedFields.of("envoy.extensions.filters.common.fault.v3.FaultDelay.HeaderDelay"),
            SupportedFields.of("envoy.extensions.filters.common.fault.v3.FaultRateLimit")
                    .supported("fixed_limit", "header_limit", "percentage"),
            SupportedFields.of("envoy.extensions.filters.common.fault.v3.FaultRateLimit.FixedLimit")
                    .supported("limit_kbps"),
            SupportedFields.of("envoy.extensions.filters.common.fault.v3.FaultRateLimit.HeaderLimit"));

    static FaultConfig from(ConfigNode node) {
        ConfigNode delay = node.message("delay");
        ConfigNode abort = node.message("abort");
        ConfigNode rateLimit = node.message("response_rate_limit");
        return new FaultConfig(
                delay == null ? null : Delay.from(delay),
                abort == null ? null : Abort.from(abort),
                rateLimit == null ? null : RateLimit.from(rateLimit),
                node.string("upstream_cluster"),
                HeaderMatcher.listFrom(node.messages("headers")),
                Set.copyOf(node.strings("downstream_nodes")),
                node.integer("max_active_faults", Long.MAX_VALUE),
                RuntimeKeys.from(node),
                !node.bool("disable_downstream_cluster_stats", false),
                metadata(node));
    }

    private static Map<String, Object> metadata(ConfigNode node) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        if (node.struct("filter_metadata") instanceof Map<?, ?> struct) {
            struct.forEach((k, v) -> metadata.put((String) k, v));
        }
        return metadata;
    }

    /** Whether the request is one that this configuration is about. */
    boolean applies(HttpStream stream, HeaderMap request) {
        if (!upstreamCluster.isEmpty()) {
            SelectedRoute route = stream.route();
            if (route == null || !upstreamCluster.equals(route.clusterName())) {
                return false;
            }
        }
        if (!downstreamNodes.isEmpty()) {
            String node = request.get(FaultHeaders.DOWNSTREAM_NODE);
            if (node == null || !downstreamNodes.contains(node)) {
                return false;
            }
        }
        return HeaderMatcher.allMatch(headers, request);
    }

    /** How long: {@code fixedNanos}, or what the request's header says when that is -1. */
    record Delay(long fixedNanos, Share share) {
        static Delay from(ConfigNode node) {
            long nanos = node.has("fixed_delay") ? node.durationNanos("fixed_delay", 0) : -1;
            return new Delay(nanos, Share.from(node.message("percentage")));
        }

        boolean byHeader() {
            return fixedNanos < 0;
        }
    }

    /**
     * What is answered: an HTTP status, a gRPC status (the other one is -1), or what headers say when both are -1.
     *
     * @param body the text of the answer
     */
    record Abort(int httpStatus, long grpcStatus, Share share, String body) {
        Abort(int httpStatus, long grpcStatus, Share share) {
            this(httpStatus, grpcStatus, share, FaultFilter.BODY);
        }

        static Abort from(ConfigNode node) {
            String body = node.string("response_body");
            return new Abort(
                    node.has("http_status") ? (int) node.integer("http_status", -1) : -1,
                    node.has("grpc_status") ? node.integer("grpc_status", -1) : -1,
                    Share.from(node.message("percentage")),
                    body.isEmpty() ? FaultFilter.BODY : body);
        }

        boolean byHeader() {
            return httpStatus < 0 && grpcStatus < 0;
        }
    }

    /** How fast: KiB per second, or what the request's header says when that is -1. */
    record RateLimit(long kibPerSecond, Share share) {
        static RateLimit from(ConfigNode node) {
            ConfigNode fixed = node.message("fixed_limit");
            long limit = fixed == null ? -1 : fixed.integer("limit_kbps", -1);
            return new RateLimit(limit, Share.from(node.message("percentage")));
        }

        boolean byHeader() {
            return kibPerSecond < 0;
        }
    }

    /** A FractionalPercent, kept as it was given since a header's numerator is over the same denominator. */
    record Share(long numerator, long millionthsPerUnit) {
        static Share from(@Nullable ConfigNode percentage) {
            if (percentage == null) {
                return new Share(0, 10_000);
            }
            long unit = switch (percentage.enumName("denominator")) {
                case "TEN_THOUSAND" -> 100;
                case "MILLION" -> 1;
                default -> 10_000;
            };
            return new Share(percentage.integer("numerator", 0), unit);
        }

        /** The share in millionths, lowered to what the request asks for; {@code asked} below 0 = it does not ask. */
        long partsPerMillion(long asked) {
            return (asked < 0 ? numerator : Math.min(numerator, asked)) * millionthsPerUnit;
        }
    }

    /** Names of runtime keys: HTTPFault's {@code *_runtime} fields, else Envoy's own. */
    record RuntimeKeys(
            String delayPercent,
            String abortPercent,
            String delayDurationMillis,
            String abortHttpStatus,
            String abortGrpcStatus,
            String maxActiveFaults,
            String rateLimitPercent) {
        static RuntimeKeys from(ConfigNode node) {
            return new RuntimeKeys(
                    key(node, "delay_percent_runtime", "fault.http.delay.fixed_delay_percent"),
                    key(node, "abort_percent_runtime", "fault.http.abort.abort_percent"),
                    key(node, "delay_duration_runtime", "fault.http.delay.fixed_duration_ms"),
                    key(node, "abort_http_status_runtime", "fault.http.abort.http_status"),
                    key(node, "abort_grpc_status_runtime", "fault.http.abort.grpc_status"),
                    key(node, "max_active_faults_runtime", "fault.http.max_active_faults"),
                    key(node, "response_rate_limit_percent_runtime", "fault.http.rate_limit.response_percent"));
        }

        private static String key(ConfigNode node, String field, String otherwise) {
            String given = node.string(field);
            return given.isEmpty() ? otherwise : given;
        }
    }
}
