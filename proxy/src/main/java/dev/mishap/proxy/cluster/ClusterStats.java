package dev.mishap.proxy.cluster;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** The stats of one cluster, {@code cluster.<name>.*}, under Envoy's names. */
public final class ClusterStats {
    /** Names that Envoy always shows and whose cause can't happen here; they are there, at 0, so that dashboards find them. */
    private static final String[] CONSTANT_COUNTERS = {
        "assignment_stale",
        "assignment_timeout_received",
        "assignment_use_cached",
        "upstream_cx_connect_attempts_exceeded",
        "upstream_cx_connect_with_0_rtt",
        "upstream_cx_http3_total",
        "upstream_cx_preconnect_skipped",
        "upstream_http3_broken",
        "upstream_internal_redirect_failed_total",
        "upstream_internal_redirect_succeeded_total",
        "upstream_rq_0rtt",
        "upstream_rq_rx_reset_no_error"
    };

    /** The same, from the first HTTP/1 connection on. */
    private static final String[] HTTP1_COUNTERS = {
        "http1.dropped_headers_with_underscores",
        "http1.metadata_not_supported_error",
        "http1.requests_rejected_with_underscores_in_headers",
        "http1.response_flood"
    };

    public final Scope scope;
    public final Counter cxTotal;
    public final Counter cxHttp1Total;
    public final Counter cxHttp2Total;
    public final Gauge cxActive;
    public final Counter cxCloseNotify;
    public final Counter cxConnectFail;
    public final Counter cxConnectTimeout;
    public final Counter cxDestroy;
    public final Counter cxDestroyLocal;
    public final Counter cxDestroyLocalWithActiveRq;
    public final Counter cxDestroyRemote;
    public final Counter cxDestroyRemoteWithActiveRq;
    public final Counter cxDestroyWithActiveRq;
    public final Counter cxIdleTimeout;
    public final Counter cxMaxDurationReached;
    public final Counter cxMaxRequests;
    public final Counter cxNoneHealthy;
    public final Counter cxOverflow;
    public final Counter cxPoolOverflow;
    public final Counter cxProtocolError;
    public final Gauge cxRxBytesBuffered;
    public final Counter cxRxBytesTotal;
    public final Gauge cxTxBytesBuffered;
    public final Counter cxTxBytesTotal;
    public final Histogram cxConnectMs;
    public final Histogram cxLengthMs;
    public final Histogram rqPerCx;
    public final Counter flowBackedUp;
    public final Counter flowDrained;
    public final Counter flowPausedReading;
    public final Counter flowResumedReading;
    public final Gauge rqActive;
    public final Counter rqActiveOverflow;
    public final Counter rqCancelled;
    public final Counter rqMaintenanceMode;
    public final Counter rqMaxDurationReached;
    public final Gauge rqPendingActive;
    public final Counter rqPendingFailureEject;
    public final Counter rqPendingOverflow;
    public final Counter rqPendingTotal;
    public final Counter rqPerTryIdleTimeout;
    public final Counter rqPerTryTimeout;
    public final Counter rqRetry;
    public final Counter rqRetryBackoffExponential;
    public final Counter rqRetryBackoffRatelimited;
    public final Counter rqRetryLimitExceeded;
    public final Counter rqRetryOverflow;
    public final Counter rqRetrySuccess;
    public final Counter rqTimeout;
    public final Counter rqRxReset;
    public final Counter rqTxReset;
    public final Counter rqTotal;
    public final Counter retryOrShadowAbandoned;
    public final Counter lbHealthyPanic;
    public final Counter lbLocalClusterNotOk;
    public final Counter lbRecalculateZoneStructures;
    public final Counter lbSubsetsCreated;
    public final Counter lbSubsetsFallback;
    public final Counter lbSubsetsFallbackPanic;
    public final Counter lbSubsetsRemoved;
    public final Counter lbSubsetsSelected;
    public final Counter lbZoneClusterTooSmall;
    public final Counter lbZoneNoCapacityLeft;
    public final Counter lbZoneRoutingAllDirectly;
    public final Counter lbZoneRoutingCrossZone;
    public final Counter lbZoneRoutingSampled;
    public final Counter originalDstHostInvalid;
    public final Counter bindErrors;
    public final Gauge lbSubsetsActive;
    public final Counter membershipChange;
    public final Gauge membershipHealthy;
    public final Gauge membershipDegraded;
    public final Gauge membershipExcluded;
    public final Gauge maxHostWeight;
    public final Gauge membershipTotal;
    public final Counter updateAttempt;
    public final Counter updateEmpty;
    public final Counter updateFailure;
    public final Counter updateNoRebuild;
    public final Counter updateSuccess;

    /** Requests that went nowhere because of a limit or of {@code drop_overloads}; told in load reports only. */
    public final LongAdder dropped = new LongAdder();

    /** Those of {@code drop_overloads}. */
    public final LongAdder droppedByOverload = new LongAdder();

    /** Responses of all requests, of those from outside and of those from inside. */
    public final ResponseCounters all;

    public final ResponseCounters external;
    public final ResponseCounters internal;
    public final ResponseCounters canary;
    /** Responses that led to a retry. */
    public final ResponseCounters retry;

    /** By name, those that filters have in each cluster that they see a request for. */
    private final ConcurrentMap<String, Counter> ofFilters = new ConcurrentHashMap<>();

    private volatile boolean http1Shown;
    private @Nullable Sizes sizes;
    private @Nullable Histogram timeoutUsed;
    private @Nullable Histogram perTryTimeoutUsed;

    ClusterStats(Scope s) {
        scope = s;
        for (String name : CONSTANT_COUNTERS) {
            s.counter(name);
        }
        s.gauge("upstream_queue_overloaded");
        s.gauge("version");
        s.gauge("warming_state").touch(); // in Envoy it was 1 before it is 0
        cxTotal = s.counter("upstream_cx_total");
        cxHttp1Total = s.counter("upstream_cx_http1_total");
        cxHttp2Total = s.counter("upstream_cx_http2_total");
        cxActive = s.gauge("upstream_cx_active");
        cxCloseNotify = s.counter("upstream_cx_close_notify");
        cxConnectFail = s.counter("upstream_cx_connect_fail");
        cxConnectTimeout = s.counter("upstream_cx_connect_timeout");
        cxDestroy = s.counter("upstream_cx_destroy");
        cxDestroyLocal = s.counter("upstream_cx_destroy_local");
        cxDestroyLocalWithActiveRq = s.counter("upstream_cx_destroy_local_with_active_rq");
        cxDestroyRemote = s.counter("upstream_cx_destroy_remote");
        cxDestroyRemoteWithActiveRq = s.counter("upstream_cx_destroy_remote_with_active_rq");
        cxDestroyWithActiveRq = s.counter("upstream_cx_destroy_with_active_rq");
        cxIdleTimeout = s.counter("upstream_cx_idle_timeout");
        cxMaxDurationReached = s.counter("upstream_cx_max_duration_reached");
        cxMaxRequests = s.counter("upstream_cx_max_requests");
        cxNoneHealthy = s.counter("upstream_cx_none_healthy");
        cxPoolOverflow = s.counter("upstream_cx_pool_overflow");
        cxOverflow = s.counter("upstream_cx_overflow");
        cxProtocolError = s.counter("upstream_cx_protocol_error");
        cxRxBytesBuffered = s.gauge("upstream_cx_rx_bytes_buffered");
        cxRxBytesTotal = s.counter("upstream_cx_rx_bytes_total");
        cxTxBytesBuffered = s.gauge("upstream_cx_tx_bytes_buffered");
        cxTxBytesTotal = s.counter("upstream_cx_tx_bytes_total");
        cxConnectMs = s.histogram("upstream_cx_connect_ms", Histogram.Unit.MILLISECONDS);
        cxLengthMs = s.histogram("upstream_cx_length_ms", Histogram.Unit.MILLISECONDS);
        rqPerCx = s.histogram("upstream_rq_per_cx", Histogram.Unit.UNSPECIFIED);
        flowBackedUp = s.counter("upstream_flow_control_backed_up_total");
        flowDrained = s.counter("upstream_flow_control_drained_total");
        flowPausedReading = s.counter("upstream_flow_control_paused_reading_total");
        flowResumedReading = s.counter("upstream_flow_control_resumed_reading_total");
        rqActive = s.gauge("upstream_rq_active");
        rqActiveOverflow = s.counter("upstream_rq_active_overflow");
        rqCancelled = s.counter("upstream_rq_cancelled");
        rqMaintenanceMode = s.counter("upstream_rq_maintenance_mode");
        rqMaxDurationReached = s.counter("upstream_rq_max_duration_reached");
        rqPendingActive = s.gauge("upstream_rq_pending_active");
        rqPendingFailureEject = s.counter("upstream_rq_pending_failure_eject");
        rqPendingOverflow = s.counter("upstream_rq_pending_overflow");
        rqPendingTotal = s.counter("upstream_rq_pending_total");
        rqPerTryIdleTimeout = s.counter("upstream_rq_per_try_idle_timeout");
        rqPerTryTimeout = s.counter("upstream_rq_per_try_timeout");
        rqRetry = s.counter("upstream_rq_retry");
        rqRetryBackoffExponential = s.counter("upstream_rq_retry_backoff_exponential");
        rqRetryBackoffRatelimited = s.counter("upstream_rq_retry_backoff_ratelimited");
        rqRetryLimitExceeded = s.counter("upstream_rq_retry_limit_exceeded");
        rqRetryOverflow = s.counter("upstream_rq_retry_overflow");
        rqRetrySuccess = s.counter("upstream_rq_retry_success");
        rqTimeout = s.counter("upstream_rq_timeout");
        rqRxReset = s.counter("upstream_rq_rx_reset");
        rqTxReset = s.counter("upstream_rq_tx_reset");
        rqTotal = s.counter("upstream_rq_total");
        retryOrShadowAbandoned = s.counter("retry_or_shadow_abandoned");
        lbHealthyPanic = s.counter("lb_healthy_panic");
        lbLocalClusterNotOk = s.counter("lb_local_cluster_not_ok");
        lbRecalculateZoneStructures = s.counter("lb_recalculate_zone_structures");
        lbSubsetsCreated = s.counter("lb_subsets_created");
        lbSubsetsFallback = s.counter("lb_subsets_fallback");
        lbSubsetsFallbackPanic = s.counter("lb_subsets_fallback_panic");
        lbSubsetsRemoved = s.counter("lb_subsets_removed");
        lbSubsetsSelected = s.counter("lb_subsets_selected");
        lbZoneClusterTooSmall = s.counter("lb_zone_cluster_too_small");
        lbZoneNoCapacityLeft = s.counter("lb_zone_no_capacity_left");
        lbZoneRoutingAllDirectly = s.counter("lb_zone_routing_all_directly");
        lbZoneRoutingCrossZone = s.counter("lb_zone_routing_cross_zone");
        lbZoneRoutingSampled = s.counter("lb_zone_routing_sampled");
        originalDstHostInvalid = s.counter("original_dst_host_invalid");
        bindErrors = s.counter("bind_errors");
        lbSubsetsActive = s.gauge("lb_subsets_active");
        membershipChange = s.counter("membership_change");
        membershipHealthy = s.gauge("membership_healthy");
        membershipDegraded = s.gauge("membership_degraded");
        membershipExcluded = s.gauge("membership_excluded");
        maxHostWeight = s.gauge("max_host_weight");
        membershipTotal = s.gauge("membership_total");
        updateAttempt = s.counter("update_attempt");
        updateEmpty = s.counter("update_empty");
        updateFailure = s.counter("update_failure");
        updateNoRebuild = s.counter("update_no_rebuild");
        updateSuccess = s.counter("update_success");
        all = new ResponseCounters(s);
        external = new ResponseCounters(s.scope("external."));
        internal = new ResponseCounters(s.scope("internal."));
        canary = new ResponseCounters(s.scope("canary."));
        retry = new ResponseCounters(s.scope("retry."));
        // Envoy shows this one before the first response.
        s.counter("upstream_rq_completed");
    }

    /** A filter's counter of this cluster, which is there from the first request that it counts; by a name that the filter keeps. */
    public Counter ofFilter(String name) {
        Counter known = ofFilters.get(name);
        return known == null ? ofFilters.computeIfAbsent(name, scope::counter) : known;
    }

    /** Has the stats of time-outs appear; before anything is counted. */
    void trackTimeoutBudgets() {
        timeoutUsed = scope.histogram("upstream_rq_timeout_budget_percent_used", Histogram.Unit.UNSPECIFIED);
        perTryTimeoutUsed =
                scope.histogram("upstream_rq_timeout_budget_per_try_percent_used", Histogram.Unit.UNSPECIFIED);
    }

    /** {@code track_cluster_stats.request_response_sizes}. */
    void trackSizes() {
        sizes = new Sizes(scope);
    }

    /** How large requests and responses are; null when that is not tracked. */
    public @Nullable Sizes sizes() {
        return sizes;
    }

    /** Sizes of the requests of tries, and of responses that came. */
    public static final class Sizes {
        private final Histogram requestHeaders;
        private final Histogram requestCount;
        private final Histogram requestBody;
        private final Histogram responseHeaders;
        private final Histogram responseCount;
        private final Histogram responseBody;

        private Sizes(Scope scope) {
            requestHeaders = scope.histogram("upstream_rq_headers_size", Histogram.Unit.BYTES);
            requestCount = scope.histogram("upstream_rq_headers_count", Histogram.Unit.UNSPECIFIED);
            requestBody = scope.histogram("upstream_rq_body_size", Histogram.Unit.BYTES);
            responseHeaders = scope.histogram("upstream_rs_headers_size", Histogram.Unit.BYTES);
            responseCount = scope.histogram("upstream_rs_headers_count", Histogram.Unit.UNSPECIFIED);
            responseBody = scope.histogram("upstream_rs_body_size", Histogram.Unit.BYTES);
        }

        /** A try is over, which sent a body of so many bytes. */
        public void request(int headerBytes, int headers, long body) {
            requestHeaders.record(headerBytes);
            requestCount.record(headers);
            requestBody.record(body);
        }

        /** It was answered. */
        public void response(int headerBytes, int headers, long body) {
            responseHeaders.record(headerBytes);
            responseCount.record(headers);
            responseBody.record(body);
        }
    }

    /** A response is complete, {@code nanos} after its request was; {@code timeout} is 0 when there is none. */
    public void timeoutUsed(long nanos, long timeout) {
        budget(timeoutUsed, nanos, timeout);
    }

    /** The same of one try, which need not have come to a response. */
    public void perTryTimeoutUsed(long nanos, long timeout) {
        budget(perTryTimeoutUsed, nanos, timeout);
    }

    private static void budget(@Nullable Histogram used, long nanos, long timeout) {
        if (used != null) {
            // Of what is without end, no part is any of it.
            used.record(timeout == 0 ? 0 : (nanos / 1_000_000) * 100 / Math.max(1, timeout / 1_000_000));
        }
    }

    /** Makes the stats of the HTTP/1 codec appear, as they do in Envoy when the first connection is made. */
    public void http1Used() {
        if (!http1Shown) {
            http1Shown = true;
            for (String name : HTTP1_COUNTERS) {
                scope.counter(name);
            }
        }
    }
}
