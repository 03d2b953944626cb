package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;

/** {@code http2.*}: of all listeners together, or of one cluster. There from the first HTTP/2 connection on. */
public final class H2Stats {
    final Counter droppedForUnderscore;
    final Counter goawaySent;
    final Counter headerListTooLarge;
    final Counter headerOverflow;
    final Counter emptyFramesFlood;
    final Counter priorityFramesFlood;
    final Counter windowUpdateFramesFlood;
    final Counter keepaliveTimeout;
    final Counter outboundControlFlood;
    final Counter outboundFlood;
    final Counter rejectedForUnderscore;
    final Counter rxMessagingError;
    final Counter rxReset;
    final Counter streamRefusedErrors;
    final Counter trailers;
    final Counter txReset;
    final Gauge pendingSendBytes;
    private final Gauge outboundFrames;
    private final Gauge outboundControlFrames;
    final Gauge streamsActive;

    /** Envoy's count of connections by codec; ours are counted as those of its default one. */
    public final Counter connections;

    /** @param scope {@code http2.} or {@code cluster.<name>.http2.} */
    public H2Stats(Scope scope, boolean downstream) {
        droppedForUnderscore = scope.counter("dropped_headers_with_underscores");
        goawaySent = scope.counter("goaway_sent");
        headerListTooLarge = scope.counter("header_list_size_too_large");
        headerOverflow = scope.counter("header_overflow");
        emptyFramesFlood = scope.counter("inbound_empty_frames_flood");
        priorityFramesFlood = scope.counter("inbound_priority_frames_flood");
        windowUpdateFramesFlood = scope.counter("inbound_window_update_frames_flood");
        keepaliveTimeout = scope.counter("keepalive_timeout");
        outboundControlFlood = scope.counter("outbound_control_flood");
        outboundFlood = scope.counter("outbound_flood");
        rejectedForUnderscore = scope.counter("requests_rejected_with_underscores_in_headers");
        rxMessagingError = scope.counter("rx_messaging_error");
        rxReset = scope.counter("rx_reset");
        streamRefusedErrors = scope.counter("stream_refused_errors");
        trailers = scope.counter("trailers");
        txReset = scope.counter("tx_reset");
        pendingSendBytes = scope.gauge("pending_send_bytes");
        streamsActive = scope.gauge("streams_active");
        connections = scope.counter(downstream ? "nghttp2_downstream_connections" : "nghttp2_upstream_connections");
        // Of Envoy's codecs and their queues: shown at 0, since dashboards ask for them.
        for (String name : new String[] {
            "cookies_total_bytes_too_large",
            "headers_cb_no_stream",
            "metadata_empty_frames",
            "nghttp2_downstream_connections",
            "nghttp2_upstream_connections",
            "oghttp2_downstream_connections",
            "oghttp2_upstream_connections",
            "tx_flush_timeout"
        }) {
            scope.counter(name);
        }
        scope.gauge("deferred_stream_close");
        outboundFrames = scope.gauge("outbound_frames_active");
        outboundControlFrames = scope.gauge("outbound_control_frames_active");
        for (String name : new String[] {"cookie_count", "cookie_size", "header_count", "header_list_size"}) {
            scope.histogram(name, Histogram.Unit.UNSPECIFIED);
        }
    }

    /** A connection is made. What Envoy counts as queued is sent at once here, and back at 0. */
    void opened() {
        connections.inc();
        outboundFrames.touch();
        outboundControlFrames.touch();
    }
}
