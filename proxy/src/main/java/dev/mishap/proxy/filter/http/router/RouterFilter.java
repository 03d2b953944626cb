package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.cluster.VirtualClusterStats;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.route.ForwardAction;
import dev.mishap.proxy.route.MirrorPolicy;
import dev.mishap.proxy.route.RetryPolicy;
import dev.mishap.proxy.route.RouteEntry;
import dev.mishap.proxy.route.VirtualCluster;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.UpstreamStream;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Forwards one request: picks the cluster and an endpoint, sends the request on a pooled connection, passes the response
 * back; tries again, gives up in time, and sends copies, as the route says. One a stream, confined to its loop.
 *
 * <p>The body goes on as it comes. It is kept besides while another try may need it, up to {@link HttpStream#bufferLimit} bytes; a longer
 * one is sent once and not tried again.
 */
final class RouterFilter implements HttpFilter, HttpStream.WatermarkListener {
    /** Bytes that wait for a connection before the client is told to stop. */
    private static final long MAX_WAITING = 256 << 10;

    private static final String RESET_BODY = "upstream connect error or disconnect/reset before headers. ";

    private final RouterConfig config;
    private final Timeouts timeouts = new Timeouts();
    private @Nullable HttpStream stream;
    private @Nullable RouteEntry route;
    private @Nullable ForwardAction forward;
    private Upstreams.@Nullable OnLoop loop;
    private @Nullable ClusterPools pools;
    private @Nullable RequestStats stats;
    private @Nullable RetryState retry;
    private @Nullable Attempt attempt;
    private @Nullable HeaderMap response;
    private @Nullable BodyBuffer body;
    private @Nullable HeaderMap trailers;
    private @Nullable List<Shadow> shadows;
    private @Nullable List<Endpoint> tried;
    private @Nullable Future<?> responseTimer;
    private @Nullable Future<?> retryTimer;
    private RequestPriority priority = RequestPriority.DEFAULT;
    private int tries;
    private int timeoutStatus = 504;
    private boolean grpc;
    private boolean requestEnded;
    private long requestEndNanos;
    private boolean responseStarted;
    /** A 1xx has come, with which the response has begun for stats and logs. */
    private boolean informed;

    private boolean over;
    private boolean waitingPaused;
    /** The body may have to be sent again: it is kept. */
    private boolean keepBody;

    RouterFilter(RouterConfig config) {
        this.config = config;
    }

    HttpStream stream() {
        HttpStream s = stream;
        assert s != null;
        return s;
    }

    boolean requestEnded() {
        return requestEnded;
    }

    boolean responseStarted() {
        return responseStarted;
    }

    // ---- the request ----

    @Override
    public Flow onRequestHeaders(HttpStream to, HeaderMap headers, boolean endStream) {
        stream = to;
        config.stats.total.inc();
        if (!(to.route() instanceof RouteEntry entry)) {
            config.stats.noRoute.inc();
            to.info().addFlag(ResponseFlag.NO_ROUTE_FOUND);
            return answer(LocalReply.of(404, "", "route_not_found"));
        }
        route = entry;
        LocalReply direct = entry.localReply(to);
        if (direct != null) {
            config.stats.directResponse.inc();
            return answer(direct);
        }
        ForwardAction action = entry.forward();
        String name = entry.clusterName();
        Cluster cluster = name == null ? null : config.clusters.get(name);
        if (action == null || cluster == null) {
            config.stats.noCluster.inc();
            to.info().addFlag(ResponseFlag.NO_CLUSTER_FOUND);
            return answer(
                    LocalReply.of(action == null ? 503 : action.clusterNotFoundStatus(), "", "cluster_not_found"));
        }
        forward = action;
        return forward(to, headers, endStream, entry, action, cluster);
    }

    private Flow answer(LocalReply reply) {
        over = true;
        stream().sendLocalReply(reply);
        return Flow.PAUSE;
    }

    private Flow forward(
            HttpStream to, HeaderMap headers, boolean end, RouteEntry entry, ForwardAction action, Cluster cluster) {
        StreamInfo info = to.info();
        info.upstreamCluster = cluster.config().statName();
        info.upstreamClusterRaw = cluster.name();
        info.clusterMetadata = cluster.config().metadata();
        grpc = to.isGrpcRequest();
        Upstreams.OnLoop onLoop = config.upstreams.on(to.loop());
        loop = onLoop;
        pools = onLoop.pools(cluster);
        priority = action.highPriority() ? RequestPriority.HIGH : RequestPriority.DEFAULT;
        RequestStats counts = requestStats(entry, headers, cluster, info);
        stats = counts;
        String malformed = malformedHeader(headers);
        if (malformed != null) {
            info.addFlag(ResponseFlag.INVALID_ENVOY_REQUEST_HEADERS);
            return answer(LocalReply.of(400, malformed, "request_headers_failed_strict_check"));
        }
        if (to.runtime().partsPerMillion(cluster.maintenanceKey(), 0)
                > Long.remainderUnsigned(onLoop.random(), 1_000_000)) {
            info.addFlag(ResponseFlag.UPSTREAM_OVERFLOW);
            counts.response(503, null, null);
            cluster.stats().rqMaintenanceMode.inc();
            return answer(new LocalReply(503, "maintenance mode", "maintenance_mode", -1, this::addOverloaded));
        }
        timeouts.read(action, headers, config.respectExpectedTimeout);
        if (headers.remove(RouterHeaders.TIMEOUT_ALT_RESPONSE)) {
            timeoutStatus = 204;
        }
        retry = RetryState.of(action.retry(), headers, counts, cluster.limits(priority), to.runtime());
        tries = 1;
        info.upstreamRequestAttemptCount = 1;
        expectedTimeout(headers, 0);
        if (action.includeAttemptCount()) {
            headers.set(RouterHeaders.ATTEMPT_COUNT, "1");
        }
        entry.finalizeRequestHeaders(headers, to, !config.suppressEnvoyHeaders);
        to.responseWatermark(this);
        if (end) {
            endRequest();
        }
        keepBody = retry != null && !end;
        mirror(action, headers, end, onLoop);
        start();
        return Flow.CONTINUE;
    }

    private void expectedTimeout(HeaderMap headers, long elapsedNanos) {
        if (!config.suppressEnvoyHeaders) {
            long millis = timeouts.expectedMillis(elapsedNanos);
            if (millis > 0) {
                headers.set(RouterHeaders.EXPECTED_TIMEOUT, millis == 15_000 ? "15000" : Long.toString(millis));
            }
        }
    }

    private RequestStats requestStats(RouteEntry entry, HeaderMap headers, Cluster cluster, StreamInfo info) {
        VirtualCluster virtual = entry.virtualCluster(headers);
        VirtualClusterStats ofVirtual = null;
        boolean internal = "true".equals(headers.get(RouterHeaders.INTERNAL));
        if (virtual != null) {
            // The rest, "other", has stats and no name.
            info.virtualClusterName = virtual.headers().isEmpty() ? null : virtual.name();
            ofVirtual = config.virtualCluster(virtual);
        }
        RequestStats.Alternative alternative = null;
        String alt = headers.get(RouterHeaders.ALT_STAT_NAME);
        if (alt != null) {
            headers.remove(RouterHeaders.ALT_STAT_NAME);
            alternative = new RequestStats.Alternative(cluster.stats().scope.scope(alt + "."), internal);
        }
        return new RequestStats(
                cluster.stats(), internal, ofVirtual, alternative, config.dynamicStats && !info.healthCheck);
    }

    private @Nullable String malformedHeader(HeaderMap headers) {
        for (HeaderName name : config.strictHeaders) {
            String value = headers.get(name);
            if (value != null && !StrictHeaders.valid(name, value)) {
                return "invalid header '" + name.text() + "' with value '" + value + "'";
            }
        }
        return null;
    }

    private void mirror(ForwardAction action, HeaderMap headers, boolean end, Upstreams.OnLoop onLoop) {
        for (MirrorPolicy policy : action.mirrors()) {
            HeaderName byHeader = policy.clusterHeader();
            String name = byHeader == null ? policy.cluster() : headers.get(byHeader);
            Cluster target = name == null ? null : config.clusters.get(name);
            boolean chosen = policy.fraction() == null
                    || policy.fraction().includes(stream().runtime(), onLoop.random());
            if (target != null && chosen) {
                Shadow shadow = new Shadow(
                        onLoop,
                        onLoop.pools(target),
                        headers,
                        policy.appendShadowSuffix(),
                        stream().loop());
                List<Shadow> all = shadows;
                if (all == null) {
                    all = new ArrayList<>(1);
                    shadows = all;
                }
                all.add(shadow);
                shadow.start(end, timeouts.globalNanos);
            }
        }
    }

    /** The request has been received to its end. */
    private void endRequest() {
        requestEnded = true;
        requestEndNanos = System.nanoTime();
        if (timeouts.globalNanos > 0) {
            responseTimer =
                    stream().loop().schedule(this::onResponseTimeout, timeouts.globalNanos, TimeUnit.NANOSECONDS);
        }
        Attempt a = attempt;
        if (a != null) {
            a.requestComplete();
        }
    }

    @Override
    public Flow onRequestData(HttpStream from, ByteBuf borrowed, boolean endStream) {
        if (over) {
            return Flow.CONTINUE;
        }
        if (shadows != null) {
            for (Shadow s : shadows) {
                s.data(borrowed.retainedDuplicate(), endStream);
            }
        }
        Attempt a = attempt;
        boolean ready = a != null && a.isReady();
        if (keepBody && kept().bytes() + borrowed.readableBytes() > from.bufferLimit()) {
            giveUpRetries(a);
            if (over) {
                return Flow.CONTINUE;
            }
        }
        if (keepBody || !ready) {
            BodyBuffer kept = kept();
            kept.add(borrowed.retainedDuplicate());
            if (!ready && kept.bytes() > MAX_WAITING && !waitingPaused) {
                waitingPaused = true;
                from.pauseRequestReads();
            }
        }
        if (endStream) {
            endRequest();
        }
        if (ready && a != null) {
            a.send(borrowed.retain(), endStream);
            sent();
        }
        return Flow.CONTINUE;
    }

    private BodyBuffer kept() {
        BodyBuffer b = body;
        if (b == null) {
            b = new BodyBuffer();
            body = b;
        }
        return b;
    }

    /** The body is longer than we keep: this try is the last. */
    private void giveUpRetries(@Nullable Attempt current) {
        keepBody = false;
        RetryState r = retry;
        retry = null;
        if (r != null) {
            r.release();
        }
        pools().cluster().stats().retryOrShadowAbandoned.inc();
        if (current == null) {
            cleanUp();
            stream()
                    .sendLocalReply(LocalReply.of(
                            507,
                            "exceeded request buffer limit while retrying upstream",
                            "request_payload_exceeded_retry_buffer_limit"));
        } else if (current.isReady()) {
            kept().clear();
        }
    }

    private ClusterPools pools() {
        ClusterPools p = pools;
        assert p != null;
        return p;
    }

    @Override
    public Flow onRequestTrailers(HttpStream from, HeaderMap received) {
        if (over) {
            return Flow.CONTINUE;
        }
        trailers = received;
        endRequest();
        if (shadows != null) {
            for (Shadow s : shadows) {
                s.trailers();
            }
        }
        Attempt a = attempt;
        if (a != null && a.isReady()) {
            a.sendTrailers(received);
            sent();
        }
        return Flow.CONTINUE;
    }

    private void sent() {
        if (requestEnded) {
            stream().info().upstreamLastTxNanos = System.nanoTime();
        }
    }

    // ---- tries ----

    private void start() {
        Endpoint endpoint = pick();
        if (endpoint == null) {
            pools().cluster().stats().cxNoneHealthy.inc();
            stream().info().addFlag(ResponseFlag.NO_HEALTHY_UPSTREAM);
            counts().response(503, null, null);
            cleanUp();
            stream()
                    .sendLocalReply(
                            new LocalReply(503, "no healthy upstream", "no_healthy_upstream", -1, this::addAttempts));
            return;
        }
        HeaderMap map = response;
        if (map == null) {
            map = onLoop().headerMap();
            response = map;
        }
        Attempt a = new Attempt(this, pools(), endpoint, priority, map, timeouts);
        attempt = a;
        a.start();
    }

    private Upstreams.OnLoop onLoop() {
        Upstreams.OnLoop l = loop;
        assert l != null;
        return l;
    }

    private RequestStats counts() {
        RequestStats s = stats;
        assert s != null;
        return s;
    }

    private @Nullable Endpoint pick() {
        RetryState r = retry;
        RetryPolicy policy = r == null ? null : r.policy();
        List<Endpoint> before = tried;
        Endpoint picked = policy != null && policy.avoidPreviousHosts() && before != null
                ? pools().pick(before, Math.max(1, policy.hostSelectionAttempts()))
                : pools().pick();
        if (picked != null && policy != null && policy.avoidPreviousHosts()) {
            if (before == null) {
                before = new ArrayList<>();
                tried = before;
            }
            before.add(picked);
        }
        return picked;
    }

    private static void upstreamHost(StreamInfo info, Endpoint endpoint) {
        info.upstreamHost = endpoint.address();
        info.upstreamHostName = endpoint.hostname();
        info.upstreamHostMetadata = endpoint.metadata();
    }

    /** A connection is there: the request goes out, with what of its body has come. */
    void onReady(Attempt a, UpstreamStream to) {
        HttpStream from = stream();
        StreamInfo info = from.info();
        counts().upstreamRequest();
        upstreamHost(info, a.endpoint);
        info.upstreamLocalAddress = to.localAddress();
        info.upstreamProtocol = to.protocol();
        HeaderMap headers = from.requestHeaders();
        RouteEntry entry = route;
        ForwardAction action = forward;
        if (entry != null
                && action != null
                && action.autoHostRewrite()
                && !a.endpoint.hostname().isEmpty()) {
            entry.rewriteHost(headers, a.endpoint.hostname(), !config.suppressEnvoyHeaders);
        }
        BodyBuffer kept = body;
        int parts = kept == null ? 0 : kept.parts();
        HeaderMap tail = trailers;
        info.upstreamFirstTxNanos = System.nanoTime();
        to.sendHeaders(headers, requestEnded && parts == 0 && tail == null);
        if (kept != null) {
            for (int i = 0; i < parts; i++) {
                a.send(kept.copy(i), requestEnded && tail == null && i == parts - 1);
            }
            if (!keepBody) {
                kept.clear();
            }
        }
        if (tail != null) {
            a.sendTrailers(tail);
        }
        sent();
        if (waitingPaused) {
            waitingPaused = false;
            from.resumeRequestReads();
        }
    }

    void onInformational(Attempt a, HeaderMap headers) {
        if (informed) {
            return; // One is passed on, however many there are.
        }
        int status = (int) HeaderNumbers.of(headers, HeaderName.STATUS);
        if (status > 104) {
            return; // Nobody knows what it means.
        }
        informed = true;
        counts().response(status, headers, a.endpoint);
        // What has begun to answer is not asked again.
        retry = released(retry);
        forgetBody();
        stream().encodeInformational(headers);
    }

    private void forgetBody() {
        if (keepBody) {
            keepBody = false;
            kept().clear();
        }
    }

    private static @Nullable RetryState released(@Nullable RetryState r) {
        if (r != null) {
            r.release();
        }
        return null;
    }

    void onUpstreamHeaders(Attempt a, HeaderMap headers, boolean endStream) {
        if (over) {
            return;
        }
        HttpStream to = stream();
        StreamInfo info = to.info();
        long now = System.nanoTime();
        info.upstreamFirstRxNanos = now;
        int status = (int) HeaderNumbers.of(headers, HeaderName.STATUS);
        long grpcStatus = grpc ? HeaderNumbers.of(headers, HeaderName.GRPC_STATUS) : -1;
        RetryState r = retry;
        if (r != null) {
            RetryState.Verdict verdict = r.onHeaders(status, headers, onLoop().random(), System.currentTimeMillis());
            if (verdict == RetryState.Verdict.YES) {
                a.endpoint.rqError.increment();
                counts().retried(status);
                a.cancel();
                scheduleRetry(r);
                return;
            }
            flagOf(verdict);
            retry = null;
            forgetBody();
        }
        responseStarted = true;
        if (requestEnded && !config.suppressEnvoyHeaders) {
            headers.set(RouterHeaders.SERVICE_TIME, Long.toString((now - requestEndNanos) / 1_000_000));
        }
        addAttempts(headers);
        countHeaders(a, headers, status, grpcStatus, endStream);
        if (endStream) {
            info.upstreamLastRxNanos = now;
            complete(a);
        }
        to.encodeHeaders(headers, endStream);
    }

    private void countHeaders(Attempt a, HeaderMap headers, int status, long grpcStatus, boolean endStream) {
        int code = grpcStatus < 0 || config.suppressGrpcFailureStats ? status : GrpcCodes.toHttp(grpcStatus);
        counts().response(code, headers, a.endpoint);
        if (status >= 500) {
            return;
        }
        if (!grpc) {
            a.endpoint.rqSuccess.increment();
        } else if (endStream) {
            grpcDone(a, grpcStatus);
        } else {
            a.successOpen = true;
        }
    }

    private static void grpcDone(Attempt a, long grpcStatus) {
        (GrpcCodes.toHttp(grpcStatus) >= 500 ? a.endpoint.rqError : a.endpoint.rqSuccess).increment();
    }

    void onUpstreamData(Attempt a, ByteBuf transferred, boolean endStream) {
        if (over) {
            transferred.release();
            return;
        }
        if (endStream) {
            stream().info().upstreamLastRxNanos = System.nanoTime();
            complete(a);
        }
        stream().encodeData(transferred, endStream);
    }

    void onUpstreamTrailers(Attempt a, HeaderMap received) {
        if (over) {
            return;
        }
        stream().info().upstreamLastRxNanos = System.nanoTime();
        if (a.successOpen) {
            a.successOpen = false;
            grpcDone(a, HeaderNumbers.of(received, HeaderName.GRPC_STATUS));
        }
        complete(a);
        stream().encodeTrailers(received);
    }

    /** The response is complete. */
    private void complete(Attempt a) {
        if (requestEnded) {
            counts().time((System.nanoTime() - requestEndNanos) / 1_000_000, a.response(), a.endpoint);
        }
        cleanUp();
    }

    /** Nothing more is to come or to be sent; the response's headers stay until the stream ends. */
    private void cleanUp() {
        over = true;
        cancel(responseTimer);
        cancel(retryTimer);
        retry = released(retry);
        Attempt a = attempt;
        attempt = null;
        if (a != null) {
            a.cancel();
        }
        BodyBuffer kept = body;
        if (kept != null) {
            kept.clear();
        }
    }

    private static void cancel(@Nullable Future<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void flagOf(RetryState.Verdict verdict) {
        if (verdict == RetryState.Verdict.LIMIT_EXCEEDED) {
            stream().info().addFlag(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED);
        } else if (verdict == RetryState.Verdict.OVERFLOW) {
            stream().info().addFlag(ResponseFlag.UPSTREAM_OVERFLOW);
        }
    }

    private void scheduleRetry(RetryState r) {
        attempt = null;
        retryTimer = stream().loop().schedule(this::tryAgain, r.delayNanos(), TimeUnit.NANOSECONDS);
    }

    private void tryAgain() {
        if (over) {
            return;
        }
        tries++;
        HttpStream from = stream();
        from.info().upstreamRequestAttemptCount = tries;
        HeaderMap headers = from.requestHeaders();
        ForwardAction action = forward;
        if (action != null && action.includeAttemptCount()) {
            headers.set(RouterHeaders.ATTEMPT_COUNT, Integer.toString(tries));
        }
        expectedTimeout(headers, requestEnded ? System.nanoTime() - requestEndNanos : 0);
        start();
    }

    // ---- failures ----

    /** The try ended without a response, or in the middle of one. */
    void onUpstreamReset(Attempt a, ResetReason reason, @Nullable String transportFailure, boolean requestStarted) {
        if (over) {
            return;
        }
        StreamInfo info = stream().info();
        upstreamHost(info, a.endpoint);
        info.upstreamTransportFailureReason = transportFailure;
        if (retriesReset(a, reason, requestStarted)) {
            return;
        }
        int status = reason == ResetReason.PROTOCOL_ERROR ? 502 : 503;
        countAbort(a, status);
        StringBuilder details = new StringBuilder(96)
                .append(
                        responseStarted || informed
                                ? "upstream_reset_after_response_started{"
                                : "upstream_reset_before_response_started{")
                .append(reason.text().replace(' ', '_'));
        if (transportFailure != null) {
            details.append('|').append(transportFailure);
        }
        String text =
                RESET_BODY + (tries > 1 ? "retried and the latest reset reason: " : "reset reason: ") + reason.text();
        abort(status, reason.flag(), text, details.append('}').toString(), reason == ResetReason.OVERFLOW);
    }

    private boolean retriesReset(Attempt a, ResetReason reason, boolean requestStarted) {
        RetryState r = retry;
        if (r == null || responseStarted) {
            return false;
        }
        RetryState.Verdict verdict = r.onReset(reason, requestStarted, onLoop().random());
        if (verdict == RetryState.Verdict.YES) {
            a.endpoint.rqError.increment();
            a.cancel();
            scheduleRetry(r);
            return true;
        }
        flagOf(verdict);
        return false;
    }

    void onPerTryTimeout(Attempt a, String details) {
        if (over) {
            return;
        }
        upstreamHost(stream().info(), a.endpoint);
        a.cancel();
        if (!responseStarted && retriesReset(a, ResetReason.LOCAL_RESET, true)) {
            return;
        }
        countAbort(a, timeoutStatus);
        abort(timeoutStatus, ResponseFlag.UPSTREAM_REQUEST_TIMEOUT, timeoutBody(), details, false);
    }

    void onMaxStreamDuration(Attempt a) {
        if (over) {
            return;
        }
        a.cancel();
        if (!responseStarted && retriesReset(a, ResetReason.LOCAL_RESET, true)) {
            return;
        }
        countAbort(a, 504);
        abort(
                504,
                ResponseFlag.UPSTREAM_MAX_STREAM_DURATION_REACHED,
                "upstream max stream duration reached",
                "upstream_max_stream_duration_reached",
                false);
    }

    private void onResponseTimeout() {
        if (over) {
            return;
        }
        Attempt a = attempt;
        if (a != null) {
            counts().timeout();
            a.endpoint.rqTimeout.increment();
            if (a.awaitingHeaders()) {
                countAbort(a, timeoutStatus);
            }
            a.cancel();
        }
        abort(timeoutStatus, ResponseFlag.UPSTREAM_REQUEST_TIMEOUT, timeoutBody(), "response_timeout", false);
    }

    private String timeoutBody() {
        return timeoutStatus == 204 ? "" : "upstream request timeout";
    }

    private void countAbort(Attempt a, int status) {
        if (responseStarted) {
            if (a.successOpen) {
                a.endpoint.rqError.increment();
                config.stats.resetAfterResponseStarted.inc();
            }
            return;
        }
        if (informed) {
            return;
        }
        counts().response(status, null, a.endpoint);
        if (status < 500) {
            a.endpoint.rqError.increment();
        }
    }

    private void abort(int status, ResponseFlag flag, String text, String details, boolean dropped) {
        stream().info().addFlag(flag);
        boolean started = responseStarted;
        cleanUp();
        if (started) {
            stream().abortResponse(details);
            return;
        }
        stream().sendLocalReply(new LocalReply(status, text, details, -1, headers -> {
            if (dropped) {
                addOverloaded(headers);
            }
            addAttempts(headers);
        }));
    }

    private void addOverloaded(HeaderMap headers) {
        if (!config.suppressEnvoyHeaders) {
            headers.set(RouterHeaders.OVERLOADED, "true");
        }
    }

    private void addAttempts(HeaderMap headers) {
        ForwardAction action = forward;
        if (action != null && action.includeAttemptCountInResponse()) {
            headers.set(RouterHeaders.ATTEMPT_COUNT, Integer.toString(tries));
        }
    }

    // ---- the response's way down ----

    @Override
    public void aboveHighWatermark() {
        Attempt a = attempt;
        if (a != null) {
            a.pauseResponse();
        }
    }

    @Override
    public void belowLowWatermark() {
        Attempt a = attempt;
        if (a != null) {
            a.resumeResponse();
        }
    }

    @Override
    public void onStreamEnd(HttpStream from) {
        if (!over) {
            cleanUp();
        }
        HeaderMap map = response;
        Upstreams.OnLoop l = loop;
        if (map != null && l != null) {
            response = null;
            l.giveBack(map);
        }
        List<Shadow> all = shadows;
        if (all != null) {
            for (Shadow s : all) {
                s.requestOver();
            }
        }
    }
}
