package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;

/** The {@code grpc-timeout} of a request (gRPC over HTTP/2, "Requests"). */
final class GrpcTimeout {
    private static final HeaderName NAME = HeaderName.of("grpc-timeout");

    private GrpcTimeout() {}

    /** The time-out in nanoseconds; -1 when there is none or it is not up to 8 digits and a unit. */
    static long nanos(HeaderMap request) {
        int i = request.indexOf(NAME);
        if (i < 0) {
            return -1;
        }
        int length = request.valueLength(i);
        if (length < 2 || length > 9) {
            return -1;
        }
        long n = 0;
        for (int k = 0; k < length - 1; k++) {
            int d = request.valueByte(i, k) - '0';
            if (d < 0 || d > 9) {
                return -1;
            }
            n = n * 10 + d;
        }
        return switch (request.valueByte(i, length - 1)) {
            case 'H' -> Math.min(n, 2_000_000L) * 3_600_000_000_000L; // a long holds 292 years;
            case 'M' -> n * 60_000_000_000L;
            case 'S' -> n * 1_000_000_000L;
            case 'm' -> n * 1_000_000L;
            case 'u' -> n * 1_000L;
            case 'n' -> n;
            default -> -1;
        };
    }
}
