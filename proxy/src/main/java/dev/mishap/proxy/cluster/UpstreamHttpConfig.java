package dev.mishap.proxy.cluster;

import dev.mishap.proxy.http.h2.H2Options;
import dev.mishap.proxy.transport.Jitter;
import org.jspecify.annotations.Nullable;

/**
 * {@code HttpProtocolOptions} of a cluster. Times are nanoseconds.
 *
 * @param idleTimeoutNanos an idle connection is closed after this; 0 = never; default 1 h
 * @param maxConnectionDurationNanos age at which a connection takes no more requests; 0 = none
 * @param maxConnectionDurationJitterPercent by how much of it one connection may get older than another
 * @param maxStreamDurationNanos longest life of an upstream request; 0 = none
 * @param maxRequestsPerConnection 0 = no limit
 * @param maxHeaders header lines of a response, default 100
 * @param maxHeaderBytes bytes of a response's head, default 80 KiB
 * @param http1 options of HTTP/1.1
 * @param protocol what is spoken
 * @param http2 options of HTTP/2, null = the defaults
 * @param autoSni how TLS follows the request\'s host, or null
 */
public record UpstreamHttpConfig(
        long idleTimeoutNanos,
        long maxConnectionDurationNanos,
        double maxConnectionDurationJitterPercent,
        long maxStreamDurationNanos,
        long maxRequestsPerConnection,
        int maxHeaders,
        int maxHeaderBytes,
        Http1 http1,
        Protocol protocol,
        @Nullable H2Options http2,
        @Nullable AutoSni autoSni) {
    /**
     * {@code UpstreamHttpProtocolOptions}: TLS connections ask for the host of the request that they carry.
     *
     * @param verify whether the server's certificate must be for the host
     * @param header the request's header that names the host, {@code ""} = its own host
     */
    public record AutoSni(boolean verify, String header) {}

    /**
     * {@code Http1ProtocolOptions} of a cluster.
     *
     * @param properCaseHeaders whether header names are written Like-This
     * @param trailers whether trailers pass
     * @param fullyQualifiedUrl whether a request line has scheme and host before the path
     * @param lengthBesideChunked whether a response may tell a length beside its chunks; it is dropped then
     */
    public record Http1(
            boolean properCaseHeaders, boolean trailers, boolean fullyQualifiedUrl, boolean lengthBesideChunked) {
        public static final Http1 DEFAULT = new Http1(false, false, false, false);
    }

    /** Which protocol a cluster's upstreams are spoken to in. */
    public enum Protocol {
        HTTP1,
        HTTP2,
        /** That of the request from downstream. */
        DOWNSTREAM,
        /** What ALPN chooses, HTTP/1.1 when it chooses nothing. */
        AUTO
    }

    /** Options of a cluster that speaks HTTP/1.1. */
    public UpstreamHttpConfig(
            long idleTimeoutNanos,
            long maxConnectionDurationNanos,
            long maxStreamDurationNanos,
            long maxRequestsPerConnection,
            int maxHeaders,
            int maxHeaderBytes,
            Http1 http1) {
        this(
                idleTimeoutNanos,
                maxConnectionDurationNanos,
                0,
                maxStreamDurationNanos,
                maxRequestsPerConnection,
                maxHeaders,
                maxHeaderBytes,
                http1,
                Protocol.HTTP1,
                null,
                null);
    }

    /** Options of a cluster whose TLS does not follow the request's host. */
    public UpstreamHttpConfig(
            long idleTimeoutNanos,
            long maxConnectionDurationNanos,
            long maxStreamDurationNanos,
            long maxRequestsPerConnection,
            int maxHeaders,
            int maxHeaderBytes,
            Http1 http1,
            Protocol protocol,
            @Nullable H2Options http2) {
        this(
                idleTimeoutNanos,
                maxConnectionDurationNanos,
                0,
                maxStreamDurationNanos,
                maxRequestsPerConnection,
                maxHeaders,
                maxHeaderBytes,
                http1,
                protocol,
                http2,
                null);
    }

    /** How old a new connection is to get; 0 = there is no bound. */
    public long connectionLifeNanos() {
        return Jitter.lengthen(maxConnectionDurationNanos, maxConnectionDurationJitterPercent);
    }

    public static final long DEFAULT_IDLE_NANOS = 3_600_000_000_000L;
    public static final UpstreamHttpConfig DEFAULT = new UpstreamHttpConfig(
            DEFAULT_IDLE_NANOS, 0, 0, 0, 0, 100, 80 * 1024, Http1.DEFAULT, Protocol.HTTP1, null, null);
}
