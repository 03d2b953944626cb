package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.ForwardAction;
import dev.mishap.proxy.route.GrpcRouteTimeout;
import dev.mishap.proxy.route.RetryPolicy;

/** The time-outs of one request: the route's, as its headers change them. Nanoseconds, 0 = none. */
final class Timeouts {
    private static final long MILLI = 1_000_000L;

    long globalNanos;
    long perTryNanos;
    long perTryIdleNanos;
    /** Longest life of a try, as a header asks; it counts instead of the cluster's. */
    long tryDurationNanos;

    /** Reads the route and the request's headers, and takes those out that only we are to read. */
    void read(ForwardAction route, HeaderMap headers, boolean respectExpected, boolean grpc) {
        RetryPolicy retry = route.retry();
        GrpcRouteTimeout ofGrpc = grpc ? route.grpcTimeout() : null;
        globalNanos = ofGrpc == null ? route.timeoutNanos() : ofGrpc.nanos(headers);
        perTryNanos = retry == null ? 0 : retry.perTryTimeoutNanos();
        perTryIdleNanos = retry == null ? 0 : retry.perTryIdleTimeoutNanos();
        long expected = respectExpected ? HeaderNumbers.of(headers, RouterHeaders.EXPECTED_TIMEOUT) : -1;
        if (expected >= 0) {
            globalNanos = expected * MILLI;
        } else {
            long given = take(headers, RouterHeaders.TIMEOUT);
            if (given >= 0) {
                globalNanos = given * MILLI;
            }
        }
        long tryGiven = take(headers, RouterHeaders.PER_TRY_TIMEOUT);
        if (tryGiven >= 0) {
            perTryNanos = tryGiven * MILLI;
        }
        long durationGiven = take(headers, RouterHeaders.STREAM_DURATION);
        tryDurationNanos = durationGiven > 0 ? durationGiven * MILLI : 0;
        if (globalNanos != 0 && perTryNanos >= globalNanos) {
            perTryNanos = 0;
        }
    }

    private static long take(HeaderMap headers, HeaderName name) {
        int i = headers.indexOf(name);
        if (i < 0) {
            return -1;
        }
        long n = HeaderNumbers.parse(headers.value(i));
        headers.remove(name);
        return n;
    }

    /** What {@code x-envoy-expected-rq-timeout-ms} tells an upstream that is asked after {@code elapsedNanos}; 0 = nothing. */
    long expectedMillis(long elapsedNanos) {
        long expected = perTryNanos != 0 ? perTryNanos : globalNanos;
        if (expected == 0) {
            return 0;
        }
        if (globalNanos > 0) {
            if (elapsedNanos >= globalNanos) {
                return 1; // 0 would mean without end
            }
            expected = Math.min(expected, globalNanos - elapsedNanos);
        }
        return expected / MILLI;
    }
}
