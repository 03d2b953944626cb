package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.time.Duration;

/**
 * A request of the proxy's own, complete with its body. Immutable but for its headers, which are the caller's until it is sent.
 *
 * @param headers with {@code :method}, {@code :path} and {@code :authority}
 * @param body sent in chunks unless the headers give its content-length; empty = none
 * @param timeoutNanos for one try, 0 = for ever
 * @param retries further tries after a connection that failed or broke, a time-out or a 5xx
 * @param maxResponseBytes of the body; more of it is {@link AsyncFailure#RESPONSE_TOO_LARGE}
 */
public record AsyncHttpRequest(HeaderMap headers, byte[] body, long timeoutNanos, int retries, int maxResponseBytes) {
    private static final byte[] NO_BODY = {};
    private static final int DEFAULT_MAX_RESPONSE_BYTES = 1 << 20;

    /** A GET without retries, of which at most 1 MiB of response is taken. */
    public static AsyncHttpRequest get(String authority, String path, Duration timeout) {
        return new AsyncHttpRequest(
                head("GET", authority, path), NO_BODY, timeout.toNanos(), 0, DEFAULT_MAX_RESPONSE_BYTES);
    }

    /** A POST without retries, of which at most 1 MiB of response is taken. */
    public static AsyncHttpRequest post(String authority, String path, byte[] body, Duration timeout) {
        return new AsyncHttpRequest(
                head("POST", authority, path), body, timeout.toNanos(), 0, DEFAULT_MAX_RESPONSE_BYTES);
    }

    public AsyncHttpRequest withRetries(int count) {
        return new AsyncHttpRequest(headers, body, timeoutNanos, count, maxResponseBytes);
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
