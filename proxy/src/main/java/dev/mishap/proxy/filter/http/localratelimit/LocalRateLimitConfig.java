package dev.mishap.proxy.filter.http.localratelimit;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.HeaderMutations;
import dev.mishap.proxy.route.HeaderMutationsConfig;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.route.ratelimit.Descriptor;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code LocalRateLimit}, resolved.
 *
 * @param status of the answer, at least 400
 * @param grpcStatus of the answer to a gRPC request, or -1 for the one that belongs to {@code status}
 * @param enabled which requests take a token
 * @param enforced which of those that found none are refused
 * @param rateLimits the filter's own, which stand in for those of routes; may be empty
 * @param retryAfter whether a refusal says when to come again
 * @param limits what the buckets are
 * @param shared the buckets of all connections, or null when each has its own
 */
record LocalRateLimitConfig(
        LocalRateLimitStats stats,
        int status,
        int grpcStatus,
        RuntimeFraction enabled,
        RuntimeFraction enforced,
        HeaderMutations requestHeaders,
        HeaderMutations responseHeaders,
        boolean rateLimitHeaders,
        boolean retryAfter,
        long stage,
        VirtualHostLimits virtualHostLimits,
        RateLimitPolicy rateLimits,
        Buckets.Limits limits,
        @Nullable Buckets shared) {
    static final String MESSAGE = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE)
                    .supported(
                            "stat_prefix",
                            "status",
                            "token_bucket",
                            "filter_enabled",
                            "filter_enforced",
                            "request_headers_to_add_when_not_enforced",
                            "response_headers_to_add",
                            "descriptors",
                            "stage",
                            "local_rate_limit_per_downstream_connection",
                            "enable_x_ratelimit_headers",
                            "enable_retry_after_header",
                            "vh_rate_limits",
                            "always_consume_default_token_bucket",
                            "rate_limited_as_resource_exhausted",
                            "rate_limits",
                            "max_dynamic_descriptors"),
            SupportedFields.of("envoy.type.v3.HttpStatus").supported("code"),
            SupportedFields.of("envoy.type.v3.TokenBucket").supported("max_tokens", "tokens_per_fill", "fill_interval"),
            SupportedFields.of("envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor")
                    .supported("entries", "token_bucket", "shadow_mode"),
            SupportedFields.of("envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry")
                    .supported("key", "value"));

    private static final long MIN_FILL_NANOS = 50_000_000;
    private static final long DEFAULT_DYNAMIC_DESCRIPTORS = 20;

    /** {@code vh_rate_limits}. */
    enum VirtualHostLimits {
        OVERRIDE,
        INCLUDE,
        IGNORE
    }

    static LocalRateLimitConfig from(ConfigNode node, LocalRateLimitStats stats, String nodeCluster, long now) {
        ConfigNode statusNode = node.message("status");
        int status = statusNode == null ? 429 : statusNumber(statusNode);
        Buckets.Limits limits = new Buckets.Limits(
                bucket(node.message("token_bucket"), "local rate limit token bucket fill timer must be >= 50ms"),
                descriptors(node),
                node.bool("always_consume_default_token_bucket", true),
                (int) Math.min(
                        node.integer("max_dynamic_descriptors", DEFAULT_DYNAMIC_DESCRIPTORS), Integer.MAX_VALUE));
        boolean perConnection = node.bool("local_rate_limit_per_downstream_connection", false);
        return new LocalRateLimitConfig(
                stats,
                status,
                node.bool("rate_limited_as_resource_exhausted", false) ? 8 : -1,
                fraction(node.message("filter_enabled")),
                fraction(node.message("filter_enforced")),
                HeaderMutationsConfig.ofRequestAdditions(node.messages("request_headers_to_add_when_not_enforced")),
                HeaderMutationsConfig.ofAdditions(node.messages("response_headers_to_add")),
                node.enumName("enable_x_ratelimit_headers").equals("DRAFT_VERSION_03"),
                node.bool("enable_retry_after_header", false),
                node.integer("stage", 0),
                VirtualHostLimits.valueOf(node.enumName("vh_rate_limits")),
                RateLimitPolicy.ofFilter(node.messages("rate_limits"), nodeCluster),
                limits,
                perConnection ? null : new Buckets(limits, now));
    }

    private static int statusNumber(ConfigNode status) {
        long code = status.integer("code", 0); // an enum whose numbers are the statuses
        return code < 400 ? 429 : (int) code;
    }

    private static RuntimeFraction fraction(@Nullable ConfigNode node) {
        return node == null ? new RuntimeFraction("", 0) : RuntimeFraction.from(node);
    }

    private static Buckets.@Nullable Limit bucket(@Nullable ConfigNode node, String tooFast) {
        if (node == null) {
            return null;
        }
        long fill = node.durationNanos("fill_interval", 0);
        if (fill < MIN_FILL_NANOS) {
            throw new ConfigException(tooFast);
        }
        return new Buckets.Limit(node.integer("max_tokens", 0), node.integer("tokens_per_fill", 1), fill);
    }

    private static List<Buckets.DescriptorLimit> descriptors(ConfigNode node) {
        List<Buckets.DescriptorLimit> all = new ArrayList<>();
        Set<Descriptor> seen = new HashSet<>();
        for (ConfigNode d : node.messages("descriptors")) {
            List<Descriptor.Entry> entries = new ArrayList<>();
            for (ConfigNode e : d.messages("entries")) {
                entries.add(new Descriptor.Entry(e.string("key"), e.string("value")));
            }
            Descriptor descriptor = new Descriptor(List.copyOf(entries));
            if (!seen.add(descriptor)) {
                throw new ConfigException("duplicate descriptor in the local rate descriptor: " + descriptor);
            }
            Buckets.Limit limit = bucket(
                    d.required("token_bucket"), "local rate limit descriptor token bucket fill timer must be >= 50ms");
            if (limit != null) {
                all.add(new Buckets.DescriptorLimit(descriptor, limit, d.bool("shadow_mode", false)));
            }
        }
        return List.copyOf(all);
    }
}
