package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.OwnAddress;

/** What a request of the proxy's own tells of itself, as Envoy's do. */
final class InternalHeaders {
    private static final HeaderName INTERNAL = HeaderName.of("x-envoy-internal");

    private static final HeaderName EXPECTED_TIMEOUT = HeaderName.of("x-envoy-expected-rq-timeout-ms");

    private InternalHeaders() {}

    static void addTo(HeaderMap headers, long timeoutNanos, boolean forwardedFor) {
        headers.set(INTERNAL, "true");
        String own = forwardedFor ? OwnAddress.ipv4() : null;
        if (own != null) {
            headers.set(HeaderName.X_FORWARDED_FOR, own);
        }
        if (timeoutNanos > 0) {
            headers.set(EXPECTED_TIMEOUT, Long.toString(Math.max(1, timeoutNanos / 1_000_000)));
        }
    }
}
