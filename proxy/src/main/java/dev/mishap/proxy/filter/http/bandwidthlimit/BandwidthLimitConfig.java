package dev.mishap.proxy.filter.http.bandwidthlimit;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.TokenBucket;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.match.RuntimeFlag;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * {@code BandwidthLimit}, resolved.
 *
 * @param bucket the bytes that may pass, for all requests and both directions; null = no limit
 * @param fillNanos how long bytes wait before they try again
 * @param firstBytes what may pass at once when the first body comes: as much as in one interval
 * @param used whether a body has come
 * @param trailers the names of the trailers that tell delays, or null when they are not wanted
 */
record BandwidthLimitConfig(
        boolean requests,
        boolean responses,
        @Nullable TokenBucket bucket,
        long fillNanos,
        long firstBytes,
        AtomicBoolean used,
        RuntimeFlag enabled,
        @Nullable Trailers trailers,
        BandwidthLimitStats stats) {
    static final String MESSAGE = "envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit";

    static final SupportedFields FIELDS = SupportedFields.of(MESSAGE)
            .supported(
                    "stat_prefix",
                    "enable_mode",
                    "limit_kbps",
                    "fill_interval",
                    "runtime_enabled",
                    "enable_response_trailers",
                    "response_trailer_prefix");

    private static final long DEFAULT_FILL_NANOS = 50_000_000;
    private static final long SECOND = 1_000_000_000;

    /** Names of trailers. */
    record Trailers(
            HeaderName requestDelay,
            HeaderName requestFilterDelay,
            HeaderName responseDelay,
            HeaderName responseFilterDelay) {
        static Trailers of(String prefix) {
            String p = (prefix.isEmpty() ? "" : prefix + "-") + "bandwidth-";
            return new Trailers(
                    HeaderName.of(p + "request-delay-ms"),
                    HeaderName.of(p + "request-filter-delay-ms"),
                    HeaderName.of(p + "response-delay-ms"),
                    HeaderName.of(p + "response-filter-delay-ms"));
        }
    }

    /** A body comes, the first of which finds little in the bucket however long it has been waiting. */
    void use(TokenBucket bytes, long now) {
        if (!used.get() && used.compareAndSet(false, true)) {
            bytes.reset(firstBytes, now);
        }
    }

    static BandwidthLimitConfig from(ConfigNode node, BandwidthLimitStats stats, long now) {
        String mode = node.enumName("enable_mode");
        long fill = node.durationNanos("fill_interval", DEFAULT_FILL_NANOS);
        long bytesPerSecond = Math.min(node.integer("limit_kbps", 0), Long.MAX_VALUE / SECOND / 1024) * 1024;
        RuntimeFlag enabled = RuntimeFlag.from(node.message("runtime_enabled"));
        return new BandwidthLimitConfig(
                mode.startsWith("REQUEST"),
                mode.endsWith("RESPONSE"),
                bytesPerSecond == 0 ? null : new TokenBucket(bytesPerSecond, bytesPerSecond, SECOND, now),
                fill,
                Math.max(1, (long) (bytesPerSecond * (fill / 1e9))),
                new AtomicBoolean(),
                enabled == null ? RuntimeFlag.ON : enabled,
                node.bool("enable_response_trailers", false)
                        ? Trailers.of(node.string("response_trailer_prefix"))
                        : null,
                stats);
    }
}
