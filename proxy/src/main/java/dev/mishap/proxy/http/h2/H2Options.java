package dev.mishap.proxy.http.h2;

import java.util.List;

/**
 * {@code Http2ProtocolOptions} and what goes with them; defaults are Envoy's. Immutable.
 *
 * @param maxConcurrentStreams that the peer may have open, default 1024
 * @param streamWindow bytes a stream may receive before the peer waits, default 16 MiB
 * @param connectionWindow bytes all streams may receive, default 24 MiB
 * @param headerTableSize of HPACK, both ways, default 4096
 * @param allowConnect whether extended CONNECT (RFC 8441) is taken
 * @param maxOutboundFrames that the peer has not taken, default 10000
 * @param maxOutboundControlFrames of them PING and SETTINGS acknowledgements and RST_STREAM, default 1000
 * @param maxEmptyFrames in a row, default 1
 * @param maxPriorityFrames a stream, default 100
 * @param maxWindowUpdates a DATA frame sent, default 10
 * @param streamErrorOnInvalidMessage whether a malformed message ends its stream only, default false
 * @param customSettings identifiers and values in turn, sent as they are
 * @param keepalive pings of our own
 */
public record H2Options(
        int maxConcurrentStreams,
        int streamWindow,
        int connectionWindow,
        int headerTableSize,
        boolean allowConnect,
        int maxOutboundFrames,
        int maxOutboundControlFrames,
        int maxEmptyFrames,
        int maxPriorityFrames,
        int maxWindowUpdates,
        boolean streamErrorOnInvalidMessage,
        List<Integer> customSettings,
        Keepalive keepalive) {
    /**
     * {@code KeepaliveSettings}; times are nanoseconds.
     *
     * @param intervalNanos between pings, 0 = none
     * @param timeoutNanos for the answer
     * @param jitterPercent of the interval that is added at random, default 15
     * @param idleIntervalNanos how long a connection was quiet before a request on it is preceded by a ping, 0 = none
     */
    public record Keepalive(long intervalNanos, long timeoutNanos, double jitterPercent, long idleIntervalNanos) {
        public static final Keepalive NONE = new Keepalive(0, 0, 0, 0);
    }

    public static final H2Options DEFAULT = new H2Options(
            1024, 16 << 20, 24 << 20, 4096, false, 10_000, 1_000, 1, 100, 10, false, List.of(), Keepalive.NONE);

    public H2Options {
        customSettings = List.copyOf(customSettings);
    }
}
