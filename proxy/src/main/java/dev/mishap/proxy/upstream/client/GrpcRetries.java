package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.RetryOn;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code GrpcService.retry_policy}: when a call is tried again. A gRPC status leads to that when it comes in the response's headers, where
 * the router looks.
 *
 * @param on {@code retry_on}
 * @param count {@code num_retries}, default 1
 * @param baseNanos {@code base_interval}, default 1 s
 * @param maxNanos {@code max_interval}, default ten times that
 */
public record GrpcRetries(Set<RetryOn> on, int count, long baseNanos, long maxNanos) {
    private static final long SECOND = 1_000_000_000L;

    public GrpcRetries {
        on = Set.copyOf(on);
    }

    static @Nullable GrpcRetries from(@Nullable ConfigNode policy) {
        if (policy == null) {
            return null;
        }
        long[] window = window(policy, SECOND, 10);
        Set<RetryOn> on = RetryOn.parse(policy.string("retry_on"));
        int count = (int) Math.min(policy.integer("num_retries", 1), 1 << 16);
        return on.isEmpty() || count == 0 ? null : new GrpcRetries(on, count, window[0], window[1]);
    }

    /** {@code retry_back_off}: the base interval, and the longest one, which is {@code times} the base when it is not given. */
    static long[] window(@Nullable ConfigNode policy, long defaultBase, int times) {
        ConfigNode backOff = policy == null ? null : policy.message("retry_back_off");
        long base = backOff == null ? defaultBase : backOff.durationNanos("base_interval", defaultBase);
        long max = backOff == null ? times * base : backOff.durationNanos("max_interval", 10 * base);
        if (max < base) {
            throw new ConfigException("max_interval must be greater than or equal to the base_interval");
        }
        return new long[] {base, max};
    }

    /** Whether a try that came to no response is followed by another. */
    boolean afterFailure(AsyncFailure failure, @Nullable ResetReason reason) {
        return on.contains(RetryOn.RESET)
                || on.contains(RetryOn.SERVER_ERROR)
                || on.contains(RetryOn.GATEWAY_ERROR)
                || on.contains(RetryOn.RESET_BEFORE_REQUEST) && failure == AsyncFailure.CONNECT
                || on.contains(RetryOn.CONNECT_FAILURE) && reason != null && reason.isConnectFailure();
    }

    /** Whether one with these headers is. */
    boolean afterHeaders(int status, HeaderMap headers) {
        if (on.contains(RetryOn.SERVER_ERROR) && status >= 500
                || on.contains(RetryOn.GATEWAY_ERROR) && status >= 502 && status <= 504) {
            return true;
        }
        String code = headers.get(HeaderName.GRPC_STATUS);
        RetryOn grpc = code == null
                ? null
                : switch (code) {
                    case "1" -> RetryOn.GRPC_CANCELLED;
                    case "4" -> RetryOn.GRPC_DEADLINE_EXCEEDED;
                    case "8" -> RetryOn.GRPC_RESOURCE_EXHAUSTED;
                    case "13" -> RetryOn.GRPC_INTERNAL;
                    case "14" -> RetryOn.GRPC_UNAVAILABLE;
                    default -> null;
                };
        return grpc != null && on.contains(grpc);
    }
}
