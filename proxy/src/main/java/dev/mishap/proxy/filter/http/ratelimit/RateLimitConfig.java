package dev.mishap.proxy.filter.http.ratelimit;

import dev.mishap.proxy.config.TransportVersion;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.HeaderMutations;
import dev.mishap.proxy.route.HeaderMutationsConfig;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy;
import dev.mishap.proxy.upstream.client.GrpcService;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code RateLimit}, resolved.
 *
 * @param domain what the service is told that the descriptors are of
 * @param stage of the routes' rate limits that are heeded
 * @param service where to ask; its time-out is the filter's, default 20 ms
 * @param failureModeDeny which requests are refused when the service fails
 * @param status of a refusal, at least 400
 * @param grpcStatus of the refusal of a gRPC request, or -1 for the one that belongs to {@code status}
 * @param errorStatus of the answer when the service fails and that denies
 * @param tellsLimited whether a refusal has {@code x-envoy-ratelimited}
 * @param tellsLimits whether answers have the {@code x-ratelimit-*} headers
 * @param retryAfter whether a refusal says when to come again
 * @param rateLimits stand in for those of routes and virtual hosts, unless empty
 * @param metadataNamespace where the service's metadata goes
 * @param enabled which requests the service is asked about; null = all
 * @param enforced which of those that are too many are refused; null = all
 */
record RateLimitConfig(
        String domain,
        long stage,
        RequestType requestType,
        GrpcService service,
        RuntimeFraction failureModeDeny,
        int status,
        int grpcStatus,
        int errorStatus,
        boolean tellsLimited,
        boolean tellsLimits,
        boolean retryAfter,
        RateLimitPolicy rateLimits,
        String metadataNamespace,
        HeaderMutations responseHeaders,
        @Nullable RuntimeFraction enabled,
        @Nullable RuntimeFraction enforced,
        String statPrefix) {
    static final String FILTER = "envoy.extensions.filters.http.ratelimit.v3.RateLimit";
    static final String PER_ROUTE = "envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER)
                    .supported(
                            "domain",
                            "stage",
                            "request_type",
                            "timeout",
                            "failure_mode_deny",
                            "rate_limited_as_resource_exhausted",
                            "rate_limit_service",
                            "enable_x_ratelimit_headers",
                            "disable_x_envoy_ratelimited_header",
                            "rate_limited_status",
                            "response_headers_to_add",
                            "status_on_error",
                            "stat_prefix",
                            "filter_enabled",
                            "filter_enforced",
                            "failure_mode_deny_percent",
                            "rate_limits",
                            "metadata_namespace",
                            "enable_retry_after_header"),
            SupportedFields.of("envoy.config.ratelimit.v3.RateLimitServiceConfig")
                    .supported("grpc_service", "transport_api_version"),
            SupportedFields.of(PER_ROUTE).supported("vh_rate_limits", "rate_limits", "domain"));

    private static final long DEFAULT_TIMEOUT_NANOS = 20_000_000;
    private static final int RESOURCE_EXHAUSTED = 8;

    /** Requests of which origin are limited. */
    enum RequestType {
        INTERNAL,
        EXTERNAL,
        BOTH
    }

    /** Whether the rate limits of the virtual host count beside the route's. */
    enum VirtualHostLimits {
        OVERRIDE,
        INCLUDE,
        IGNORE
    }

    /**
     * What a route says.
     *
     * @param rateLimits stand in for those of the route and the virtual host, unless empty
     * @param domain {@code ""} = the filter's
     */
    record PerRoute(VirtualHostLimits virtualHost, RateLimitPolicy rateLimits, String domain) {
        static final PerRoute NONE = new PerRoute(VirtualHostLimits.OVERRIDE, RateLimitPolicy.EMPTY, "");

        static PerRoute from(ConfigNode node, String nodeCluster) {
            return new PerRoute(
                    VirtualHostLimits.valueOf(node.enumName("vh_rate_limits")),
                    RateLimitPolicy.ofFilter(node.messages("rate_limits"), nodeCluster),
                    node.string("domain"));
        }
    }

    static RateLimitConfig from(ConfigNode node, String nodeCluster) {
        ConfigNode service = node.required("rate_limit_service");
        TransportVersion.check(service);
        GrpcService grpc = GrpcService.from(service.required("grpc_service"));
        String type = node.string("request_type");
        ConfigNode denied = node.message("failure_mode_deny_percent");
        String namespace = node.string("metadata_namespace");
        return new RateLimitConfig(
                node.string("domain"),
                node.integer("stage", 0),
                switch (type) {
                    case "internal" -> RequestType.INTERNAL;
                    case "external" -> RequestType.EXTERNAL;
                    default -> RequestType.BOTH;
                },
                grpc.with(node.durationNanos("timeout", DEFAULT_TIMEOUT_NANOS), grpc.metadata()),
                denied == null
                        ? new RuntimeFraction("", node.bool("failure_mode_deny", false) ? 1_000_000 : 0)
                        : RuntimeFraction.from(denied),
                status(node.message("rate_limited_status"), 429),
                node.bool("rate_limited_as_resource_exhausted", false) ? RESOURCE_EXHAUSTED : -1,
                errorStatus(node.message("status_on_error")),
                !node.bool("disable_x_envoy_ratelimited_header", false),
                node.enumName("enable_x_ratelimit_headers").equals("DRAFT_VERSION_03"),
                node.bool("enable_retry_after_header", false),
                RateLimitPolicy.ofFilter(node.messages("rate_limits"), nodeCluster),
                namespace.isEmpty() ? "envoy.filters.http.ratelimit" : namespace,
                HeaderMutationsConfig.ofAdditions(node.messages("response_headers_to_add")),
                fraction(node.message("filter_enabled")),
                fraction(node.message("filter_enforced")),
                node.string("stat_prefix"));
    }

    private static @Nullable RuntimeFraction fraction(@Nullable ConfigNode node) {
        return node == null ? null : RuntimeFraction.from(node);
    }

    private static int status(@Nullable ConfigNode node, int byDefault) {
        long code = node == null ? 0 : node.integer("code", 0); // an enum whose numbers are the statuses
        return code < 400 ? byDefault : (int) code;
    }

    private static int errorStatus(@Nullable ConfigNode node) {
        long code = node == null ? 0 : node.integer("code", 0);
        return code == 0 ? 500 : (int) code;
    }
}
