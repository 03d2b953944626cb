package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.time.Duration;

/**
 * A request of the proxy's own, complete with its body. Immutable but for its headers, which are the caller's until it is sent.
 *
 * @param headers with {@code :method}, {@code :path} and {@code :authority}
 * @param body sent in chunks unless the headers give its content-length; empty = none
 * @param timeoutNanos for all tries together, 0 = for ever
 * @param retries further tries after a connection that failed or broke, a time-out of a try or a 5xx
 * @param maxResponseBytes of the body; more of it is {@link AsyncFailure#RESPONSE_TOO_LARGE}
 */
public record AsyncHttpRequest(
        HeaderMap headers, byte[] body, long timeoutNanos, Retries retries, int maxResponseBytes) {
    /**
     * How often and when a request is tried again. As with Envoy's retries by {@code envoy.config.core.v3.RetryPolicy}, a try may
     * take as long as the longest pause.
     *
     * @param count of further tries
     * @param baseNanos the first pause is shorter than this, the second shorter than twice of it, and so on
     * @param maxNanos no pause is longer
     */
    public record Retries(int count, long baseNanos, long maxNanos) {
        public static final Retries NONE = new Retries(0, 0, 0);
    }

    private static final byte[] NO_BODY = {};
    private static final int DEFAULT_MAX_RESPONSE_BYTES = 1 << 20;

    /** A GET without retries, of which at most 1 MiB of response is taken. */
    public static AsyncHttpRequest get(String authority, String path, Duration timeout) {
        return new AsyncHttpRequest(
                head("GET", authority, path), NO_BODY, timeout.toNanos(), Retries.NONE, DEFAULT_MAX_RESPONSE_BYTES);
    }

    /** A POST without retries, of which at most 1 MiB of response is taken. */
    public static AsyncHttpRequest post(String authority, String path, byte[] body, Duration timeout) {
        return new AsyncHttpRequest(
                head("POST", authority, path), body, timeout.toNanos(), Retries.NONE, DEFAULT_MAX_RESPONSE_BYTES);
    }

    public AsyncHttpRequest withRetries(Retries wanted) {
        return new AsyncHttpRequest(headers, body, timeoutNanos, wanted, maxResponseBytes);
    }

    /** How long one try may take where that is less than all of them may; else 0. */
    long perTryNanos() {
        return retries.count() > 0 && (timeoutNanos == 0 || retries.maxNanos() < timeoutNanos) ? retries.maxNanos() : 0;
    }

    public AsyncHttpRequest withMaxResponseBytes(int bytes) {
        return new AsyncHttpRequest(headers, body, timeoutNanos, retries, bytes);
    }

    /** The head of a request; further headers may be added. */
    static HeaderMap head(String method, String authority, String path) {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.METHOD, method);
        headers.add(HeaderName.SCHEME, "http");
        headers.add(HeaderName.AUTHORITY, authority);
        headers.add(HeaderName.PATH, path);
        return headers;
    }
}
