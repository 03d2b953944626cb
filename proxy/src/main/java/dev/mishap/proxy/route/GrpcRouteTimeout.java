package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import org.jspecify.annotations.Nullable;

/**
 * {@code RouteAction.max_grpc_timeout} and {@code grpc_timeout_offset}: a gRPC call's own {@code grpc-timeout} is its time-out
 * instead of the route's, and the upstream is told what is left of it. Deprecated in Envoy's API; Istio still sets it.
 *
 * @param maxNanos the longest, and that of calls that name none; 0 = no limit
 * @param offsetNanos taken off what a call names when it stays positive
 */
public record GrpcRouteTimeout(long maxNanos, long offsetNanos) {
    private static final long MILLI = 1_000_000;
    private static final long MAX_VALUE = 99_999_999;
    private static final HeaderName NAME = HeaderName.of("grpc-timeout");

    /** That of a route, or null when it has none, or a {@code max_stream_duration}, which has a newer form of it. */
    static @Nullable GrpcRouteTimeout from(ConfigNode route) {
        return route.has("max_grpc_timeout") && !route.has("max_stream_duration")
                ? new GrpcRouteTimeout(
                        route.durationNanos("max_grpc_timeout", 0), route.durationNanos("grpc_timeout_offset", 0))
                : null;
    }

    /** The time-out of a call in nanoseconds, 0 = none. */
    public long nanos(HeaderMap request) {
        long asked = Math.max(0, GrpcTimeout.nanos(request));
        asked = asked > Long.MAX_VALUE - MILLI ? asked : (asked + MILLI - 1) / MILLI * MILLI;
        if (offsetNanos < asked) {
            asked -= offsetNanos;
        }
        return maxNanos != 0 && (asked > maxNanos || asked == 0) ? maxNanos : asked;
    }

    /** Tells the upstream how long it has. */
    public static void tell(HeaderMap request, long millis) {
        long n = millis;
        String unit = "m";
        if (n > MAX_VALUE) {
            n /= 1000;
            unit = "S";
        }
        if (n > MAX_VALUE) {
            n /= 60;
            unit = "M";
        }
        if (n > MAX_VALUE) {
            n /= 60;
            unit = "H";
        }
        request.set(NAME, n + unit);
    }
}
