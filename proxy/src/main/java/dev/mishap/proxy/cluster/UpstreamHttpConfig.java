package dev.mishap.proxy.cluster;

/**
 * {@code HttpProtocolOptions} of a cluster whose upstreams speak HTTP/1.1. Times are nanoseconds.
 *
 * @param idleTimeoutNanos an idle connection is closed after this; 0 = never; default 1 h
 * @param maxConnectionDurationNanos age at which a connection takes no more requests; 0 = none
 * @param maxStreamDurationNanos longest life of an upstream request; 0 = none
 * @param maxRequestsPerConnection 0 = no limit
 * @param maxHeaders header lines of a response, default 100
 * @param maxHeaderBytes bytes of a response's head, default 80 KiB
 * @param properCaseHeaders whether header names are written Like-This
 * @param enableTrailers whether trailers pass
 */
public record UpstreamHttpConfig(
        long idleTimeoutNanos,
        long maxConnectionDurationNanos,
        long maxStreamDurationNanos,
        long maxRequestsPerConnection,
        int maxHeaders,
        int maxHeaderBytes,
        boolean properCaseHeaders,
        boolean enableTrailers) {
    public static final long DEFAULT_IDLE_NANOS = 3_600_000_000_000L;
    public static final UpstreamHttpConfig DEFAULT =
            new UpstreamHttpConfig(DEFAULT_IDLE_NANOS, 0, 0, 0, 100, 80 * 1024, false, false);
}
