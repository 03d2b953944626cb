package dev.mishap.proxy.http;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.StatsStore;

/** Stats of a connection manager: {@code http.<stat_prefix>.downstream_*}, and the codes once more under the listener. */
public final class ConnectionManagerStats {
    public final Counter cxTotal;
    public final Counter cxSslTotal;
    public final Gauge cxSslActive;
    public final Gauge cxActive;
    public final Counter cxHttp1Total;
    public final Gauge cxHttp1Active;
    public final Counter cxHttp2Total;
    public final Gauge cxHttp2Active;
    public final Counter cxDestroy;
    public final Counter cxDestroyLocal;
    public final Counter cxDestroyRemote;
    public final Counter cxDestroyActiveRq;
    public final Counter cxDestroyLocalActiveRq;
    public final Counter cxDestroyRemoteActiveRq;
    public final Counter cxDelayedCloseTimeout;
    public final Counter cxDrainClose;
    public final Counter cxIdleTimeout;
    public final Counter cxMaxDurationReached;
    public final Counter cxMaxRequestsReached;
    public final Counter cxProtocolError;
    public final Counter cxRxBytesTotal;
    public final Counter cxTxBytesTotal;
    public final Counter cxUpgradesTotal;
    public final Gauge cxUpgradesActive;
    public final Gauge cxRxBytesBuffered;
    public final Gauge cxTxBytesBuffered;
    public final Histogram cxLengthMs;
    public final Counter flowControlPaused;
    public final Counter flowControlResumed;
    public final Counter cxOverloadDisableKeepalive;
    public final Counter rqOverloadClose;
    public final Counter rqTotal;
    public final Counter rqHttp1Total;
    public final Counter rqHttp2Total;
    public final Counter rqTooManyPrematureResets;
    public final Gauge rqActive;
    public final Counter rqCompleted;
    public final Counter rqFailedPathNormalization;
    public final Counter rqHeaderTimeout;
    public final Counter rqIdleTimeout;
    public final Counter rqMaxDurationReached;
    public final Counter rqNonRelativePath;
    public final Counter rqRedirectedWithNormalizedPath;
    public final Counter rqResponseBeforeRqComplete;
    public final Counter rqRxReset;
    public final Counter rqTimeout;
    public final Counter rqTooLarge;
    public final Counter rqTxReset;
    public final Counter rqWsOnNonWsRoute;
    public final Counter rsTooLarge;
    public final Histogram rqTime;
    final Counter healthChecks;
    public final Tracing tracing;
    final Counter[] rqByClass = new Counter[5];
    final Counter[] listenerRqByClass = new Counter[5];
    final Counter listenerRqCompleted;

    /**
     * @param http scope {@code http.<stat_prefix>.}
     * @param listener scope {@code listener.<address>.http.<stat_prefix>.}
     */
    public ConnectionManagerStats(Scope http, Scope listener) {
        this(http, listener, http.scope("tracing."));
    }

    /** Those of the admin server, which Envoy shows without {@code tracing.*}. */
    public static ConnectionManagerStats untraced(Scope http, Scope listener) {
        return new ConnectionManagerStats(http, listener, new StatsStore());
    }

    private ConnectionManagerStats(Scope http, Scope listener, Scope ofTracing) {
        Scope s = http.scope("downstream_");
        cxTotal = s.counter("cx_total");
        cxActive = s.gauge("cx_active");
        cxHttp1Total = s.counter("cx_http1_total");
        cxHttp1Active = s.gauge("cx_http1_active");
        cxHttp2Total = s.counter("cx_http2_total");
        cxHttp2Active = s.gauge("cx_http2_active");
        cxDestroy = s.counter("cx_destroy");
        cxDestroyLocal = s.counter("cx_destroy_local");
        cxDestroyRemote = s.counter("cx_destroy_remote");
        cxDestroyActiveRq = s.counter("cx_destroy_active_rq");
        cxDestroyLocalActiveRq = s.counter("cx_destroy_local_active_rq");
        cxDestroyRemoteActiveRq = s.counter("cx_destroy_remote_active_rq");
        cxDelayedCloseTimeout = s.counter("cx_delayed_close_timeout");
        cxDrainClose = s.counter("cx_drain_close");
        cxIdleTimeout = s.counter("cx_idle_timeout");
        cxMaxDurationReached = s.counter("cx_max_duration_reached");
        cxMaxRequestsReached = s.counter("cx_max_requests_reached");
        cxProtocolError = s.counter("cx_protocol_error");
        cxRxBytesTotal = s.counter("cx_rx_bytes_total");
        cxTxBytesTotal = s.counter("cx_tx_bytes_total");
        cxUpgradesTotal = s.counter("cx_upgrades_total");
        cxUpgradesActive = s.gauge("cx_upgrades_active");
        cxRxBytesBuffered = s.gauge("cx_rx_bytes_buffered");
        cxTxBytesBuffered = s.gauge("cx_tx_bytes_buffered");
        cxLengthMs = s.histogram("cx_length_ms", Histogram.Unit.MILLISECONDS);
        flowControlPaused = s.counter("flow_control_paused_reading_total");
        flowControlResumed = s.counter("flow_control_resumed_reading_total");
        cxOverloadDisableKeepalive = s.counter("cx_overload_disable_keepalive");
        rqOverloadClose = s.counter("rq_overload_close");
        rqTotal = s.counter("rq_total");
        rqHttp1Total = s.counter("rq_http1_total");
        rqHttp2Total = s.counter("rq_http2_total");
        rqTooManyPrematureResets = s.counter("rq_too_many_premature_resets");
        rqActive = s.gauge("rq_active");
        rqCompleted = s.counter("rq_completed");
        rqFailedPathNormalization = s.counter("rq_failed_path_normalization");
        rqHeaderTimeout = s.counter("rq_header_timeout");
        rqIdleTimeout = s.counter("rq_idle_timeout");
        rqMaxDurationReached = s.counter("rq_max_duration_reached");
        rqNonRelativePath = s.counter("rq_non_relative_path");
        rqRedirectedWithNormalizedPath = s.counter("rq_redirected_with_normalized_path");
        rqResponseBeforeRqComplete = s.counter("rq_response_before_rq_complete");
        rqRxReset = s.counter("rq_rx_reset");
        rqTimeout = s.counter("rq_timeout");
        rqTooLarge = s.counter("rq_too_large");
        rqTxReset = s.counter("rq_tx_reset");
        rqWsOnNonWsRoute = s.counter("rq_ws_on_non_ws_route");
        rqTime = s.histogram("rq_time", Histogram.Unit.MILLISECONDS);
        cxSslTotal = s.counter("cx_ssl_total");
        cxSslActive = s.gauge("cx_ssl_active");
        healthChecks = ofTracing.counter("health_check");
        rsTooLarge = http.counter("rs_too_large");
        listenerRqCompleted = listener.counter("downstream_rq_completed");
        for (int i = 0; i < 5; i++) {
            rqByClass[i] = s.counter("rq_" + (i + 1) + "xx");
            listenerRqByClass[i] = listener.counter("downstream_rq_" + (i + 1) + "xx");
        }
        // What this proxy never does is shown at 0, as Envoy shows it: dashboards ask for these names.
        for (String name : new String[] {"cx_http3_total", "rq_http3_total", "rq_rejected_via_ip_detection"}) {
            s.counter(name);
        }
        for (String name : new String[] {"cx_http1_soft_drain", "cx_http3_active"}) {
            s.gauge(name);
        }
        tracing = new Tracing(ofTracing);
    }

    /** {@code http.<stat_prefix>.tracing.*}: why a request was traced, or not. */
    public static final class Tracing {
        public final Counter clientEnabled;
        public final Counter notTraceable;
        public final Counter randomSampling;
        public final Counter serviceForced;

        Tracing(Scope scope) {
            clientEnabled = scope.counter("client_enabled");
            notTraceable = scope.counter("not_traceable");
            randomSampling = scope.counter("random_sampling");
            serviceForced = scope.counter("service_forced");
        }
    }

    /** A connection is gone. */
    public void closed(boolean local, boolean activeRequest, long nanos) {
        cxActive.dec();
        cxDestroy.inc();
        (local ? cxDestroyLocal : cxDestroyRemote).inc();
        if (activeRequest) {
            cxDestroyActiveRq.inc();
            (local ? cxDestroyLocalActiveRq : cxDestroyRemoteActiveRq).inc();
        }
        cxLengthMs.record(nanos / 1_000_000);
    }

    /** A connection was closed by another filter before it came to this one, where it counts all the same. */
    public void closedBefore(boolean secure, long nanos) {
        cxTotal.inc();
        cxDestroy.inc();
        if (secure) {
            cxSslTotal.inc();
        }
        cxLengthMs.record(nanos / 1_000_000);
    }

    /** A request begins anew, by an internal redirect: one more of its protocol. */
    void restarted(String protocol) {
        (protocol.equals("HTTP/2") ? rqHttp2Total : rqHttp1Total).inc();
    }

    public void completed(int status) {
        rqCompleted.inc();
        listenerRqCompleted.inc();
        int c = status / 100 - 1;
        if (c >= 0 && c < 5) {
            rqByClass[c].inc();
            listenerRqByClass[c].inc();
        }
    }
}
