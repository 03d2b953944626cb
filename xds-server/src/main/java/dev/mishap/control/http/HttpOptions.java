package dev.mishap.control.http;

import java.time.Duration;
import java.util.Set;

/**
 * How a server listens and what it lets a client take of it.
 *
 * @param port 0 = any free one
 * @param maxConnections more wait in the kernel's queue
 * @param maxBodyBytes of a request
 * @param maxHeadBytes of a request's line and headers
 * @param idle a connection without a byte for so long is closed
 * @param requestTime the longest that a request's head, and again its body, may take to arrive
 * @param threads at most; requests beyond that wait
 * @param origins pages of these origins may call (CORS); empty = none
 */
public record HttpOptions(
        String host,
        int port,
        int maxConnections,
        int maxBodyBytes,
        int maxHeadBytes,
        Duration idle,
        Duration requestTime,
        int threads,
        Set<String> origins) {
    public HttpOptions {
        origins = Set.copyOf(origins);
    }

    public static HttpOptions at(String host, int port) {
        return new HttpOptions(
                host, port, 2048, 1 << 20, 16 << 10, Duration.ofSeconds(60), Duration.ofSeconds(20), 64, Set.of());
    }

    public HttpOptions withOrigins(Set<String> allowed) {
        return new HttpOptions(
                host, port, maxConnections, maxBodyBytes, maxHeadBytes, idle, requestTime, threads, allowed);
    }

    /** The same for another number of connections. */
    public HttpOptions withConnections(int max) {
        return new HttpOptions(host, port, max, maxBodyBytes, maxHeadBytes, idle, requestTime, threads, origins);
    }

    public HttpOptions withTimes(Duration newIdle, Duration newRequestTime) {
        return new HttpOptions(
                host, port, maxConnections, maxBodyBytes, maxHeadBytes, newIdle, newRequestTime, threads, origins);
    }
}
