package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointMonitor;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.PriorityLoad;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.route.GrpcRouteTimeout;
import dev.mishap.proxy.route.HashPolicy;
import dev.mishap.proxy.route.InternalRedirectPolicy;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The tries of one call, one after the other: when one starts, when it is given up, and when no more will come. */
final class Tries implements PickContext, Runnable {
    private final Call call;
    private final RequestBody body;
    private final ResponsePath response;
    private @Nullable RetryState retry;
    private @Nullable Attempt attempt;
    /** The newest, over or not; those before hang on it. */
    private @Nullable Attempt last;

    /** Those that took too long and go on beside {@link #attempt}. The request was sent to them to its end. */
    private List<Attempt> slow = List.of();
    /** The next waits for its time. */
    private boolean retryPending;

    private boolean hedges;

    private @Nullable Future<?> retryTimer;
    private @Nullable Long hash;
    private boolean hashed;
    /** The try before took too long, which is why there is another. */
    private boolean retriesTimeout;

    private int count;
    private boolean over;

    Tries(Call call, RequestBody body) {
        this.call = call;
        this.body = body;
        this.response = new ResponsePath(call, body, this);
    }

    HttpStream stream() {
        return call.stream();
    }

    Call call() {
        return call;
    }

    ResponsePath response() {
        return response;
    }

    boolean requestEnded() {
        return body.ended();
    }

    /** Nothing more of the request is of use. */
    boolean over() {
        return over;
    }

    /** How many there were. */
    int count() {
        return count;
    }

    // ---- the request's side ----

    /** Reads what the headers say of retries, tells them what the upstream is to know, and sends them on. */
    void start(HeaderMap headers, boolean endStream) {
        String asked = headers.get(RouterHeaders.HEDGE);
        hedges = "true".equals(asked) || call.action().hedgeOnPerTryTimeout() && !"false".equals(asked);
        retry = RetryState.of(
                call.action().retry(),
                headers,
                call.stats(),
                call.cluster().limits(call.priority()),
                call.stream().runtime());
        count = 1;
        call.info().upstreamRequestAttemptCount = 1;
        expectedTimeout(headers, 0);
        if (call.action().includeAttemptCount()) {
            headers.set(RouterHeaders.ATTEMPT_COUNT, "1");
        }
        call.entry().finalizeRequestHeaders(headers, call.stream(), !call.config().suppressEnvoyHeaders);
        if (endStream) {
            body.end();
            requestComplete();
        } else if ((retry != null || call.action().internalRedirects() != null) && !call.tunnel()) {
            body.keep();
        }
    }

    private void expectedTimeout(HeaderMap headers, long elapsedNanos) {
        boolean ours = !call.config().suppressEnvoyHeaders;
        boolean grpc = call.grpc() && call.action().grpcTimeout() != null;
        long millis = ours || grpc ? call.timeouts().expectedMillis(elapsedNanos) : 0;
        if (millis > 0) {
            if (ours) {
                headers.set(RouterHeaders.EXPECTED_TIMEOUT, millis == 15_000 ? "15000" : Long.toString(millis));
            }
            if (grpc) {
                GrpcRouteTimeout.tell(headers, millis);
            }
        }
    }

    /** The request has been received to its end. */
    private void requestComplete() {
        if (call.timeouts().globalNanos > 0) {
            call.stream().setDeadline(this, call.timeouts().globalNanos);
        }
        Attempt a = attempt;
        if (a != null) {
            a.requestComplete();
        }
    }

    void data(ByteBuf borrowed, boolean endStream) {
        Attempt a = attempt;
        boolean ready = a != null && a.isReady();
        if (body.overflows(borrowed.readableBytes())) {
            giveUpRetries(a);
            if (over) {
                return;
            }
        }
        body.add(borrowed, !ready);
        if (endStream) {
            body.end();
            requestComplete();
        }
        if (ready && a != null) {
            a.send(borrowed.retain(), endStream);
            body.sent();
        }
    }

    void trailers(HeaderMap received) {
        body.end(received);
        requestComplete();
        Attempt a = attempt;
        if (a != null && a.isReady()) {
            a.sendTrailers(received);
            body.sent();
        }
    }

    /** The body is longer than we keep: this try is the last. */
    private void giveUpRetries(@Nullable Attempt current) {
        body.keepNoMore(current != null && !current.isReady());
        noMoreRetries();
        call.cluster().stats().retryOrShadowAbandoned.inc();
        if (current == null) {
            cleanUp();
            call.stream()
                    .sendLocalReply(LocalReply.of(
                            507,
                            "exceeded request buffer limit while retrying upstream",
                            "request_payload_exceeded_retry_buffer_limit"));
        }
    }

    // ---- tries ----

    /** Starts a try, on an endpoint that the load balancer picks. */
    void startTry() {
        Endpoint endpoint = pick();
        if (endpoint == null) {
            call.cluster().stats().cxNoneHealthy.inc();
            noHealthyUpstream();
            return;
        }
        Attempt a = new Attempt(this, endpoint, last);
        attempt = a;
        last = a;
        a.start();
    }

    /** There is nobody who could be asked. */
    void noHealthyUpstream() {
        call.info().addFlag(ResponseFlag.NO_HEALTHY_UPSTREAM);
        call.stats().response(503, null, null);
        cleanUp();
        call.stream()
                .sendLocalReply(
                        new LocalReply(503, "no healthy upstream", "no_healthy_upstream", -1, response::addAttempts));
    }

    private @Nullable Endpoint pick() {
        Endpoint picked = call.pools().pick(this);
        RetryState r = retry;
        if (picked != null && r != null) {
            r.attempted(picked);
        }
        return picked;
    }

    // ---- PickContext ----

    @Override
    public @Nullable String overrideHost() {
        return last == null ? call.info().overrideHost : null; // a retry may go elsewhere
    }

    @Override
    public int earlierTries() {
        return Math.max(0, count - 1);
    }

    @Override
    public boolean overrideIsStrict() {
        return call.info().overrideHostStrict;
    }

    @Override
    public boolean hasHash() {
        HashPolicy policy = call.action().hashPolicy();
        if (policy.isEmpty()) {
            return false;
        }
        if (!hashed) {
            hashed = true;
            hash = policy.hash(call.stream(), response.setCookies());
        }
        return hash != null;
    }

    @Override
    public long hash() {
        Long h = hash;
        return h == null ? 0 : h;
    }

    @Override
    public @Nullable MetadataMatch metadataMatch() {
        MetadataMatch ofRoute = call.entry().metadataMatch();
        Map<String, Object> ofRequest = call.info().dynamicMetadata(MetadataMatch.NAMESPACE);
        if (ofRequest == null || ofRequest.isEmpty()) {
            return ofRoute;
        }
        MetadataMatch own = MetadataMatch.of(ofRequest);
        return ofRoute == null ? own : ofRoute.with(own);
    }

    @Override
    public @Nullable InetSocketAddress originalDestination() {
        ConnectionInfo connection = call.info().connection;
        return connection == null || !connection.localAddressRestored ? null : connection.localAddress;
    }

    @Override
    public @Nullable Map<String, Object> connectionMetadata(String namespace) {
        ConnectionInfo connection = call.info().connection;
        return connection == null ? null : connection.dynamicMetadata(namespace);
    }

    @Override
    public @Nullable Map<String, Object> requestMetadata(String namespace) {
        return call.info().dynamicMetadata(namespace);
    }

    @Override
    public HeaderMap requestHeaders() {
        return call.stream().requestHeaders();
    }

    @Override
    public boolean rejects(Endpoint picked) {
        RetryState r = retry;
        return count > 1 && r != null && r.rejects(picked);
    }

    @Override
    public PriorityLoad priorityLoad(List<HostSet> levels, PriorityLoad base) {
        RetryState r = retry;
        return count > 1 && r != null ? r.priorityLoad(levels, base) : base;
    }

    @Override
    public int retries() {
        RetryState r = retry;
        return count > 1 && r != null ? r.hostSelectionAttempts() : 0;
    }

    // ---- what attempts tell ----

    /** A connection is there: the request goes out, with what of its body has come. */
    void onReady(Attempt a, UpstreamStream to) {
        StreamInfo info = call.info();
        call.stats().upstreamRequest();
        a.endpoint.monitor().result(EndpointMonitor.Result.CONNECTED, 0);
        call.upstreamHost(a.endpoint);
        info.upstreamElsewhere = to.elsewhere();
        info.upstreamLocalAddress = to.localAddress();
        info.upstreamTls = to.tls();
        info.upstreamProtocol = to.protocol();
        if (call.action().autoHostRewrite() && !a.endpoint.hostname().isEmpty()) {
            call.entry()
                    .rewriteHost(
                            call.stream().requestHeaders(), a.endpoint.hostname(), !call.config().suppressEnvoyHeaders);
        }
        info.upstreamFirstTxNanos = System.nanoTime();
        ByteBuf before = call.connectHeader();
        if (before != null) {
            to.sendData(before, false);
        }
        UpstreamFilters filters = a.filters();
        if (filters == null) {
            sendThrough(a, to);
        } else {
            filters.open();
        }
    }

    /** Sends what there is of the request. */
    void sendThrough(Attempt a, UpstreamStream to) {
        if (call.tunnel()) {
            body.sendHeaders(to);
        } else {
            body.sendAll(a, to);
        }
    }

    /** Whether these headers of a response lead to another try; if so, it is on its way. */
    boolean retriesHeaders(Attempt a, int status, HeaderMap headers) {
        RetryState r = retry;
        if (r == null) {
            settleOn(a);
            return false;
        }
        boolean failed;
        if (a.hedged) {
            failed = r.wants(status, headers);
        } else {
            RetryState.Verdict verdict =
                    r.onHeaders(status, headers, call.loop().random(), System.currentTimeMillis());
            if (verdict == RetryState.Verdict.YES) {
                a.endpoint.rqError.increment();
                call.stats().retried(status);
                a.cancel();
                scheduleRetry(r);
                return true;
            }
            flagOf(verdict);
            failed = verdict != RetryState.Verdict.NO;
        }
        if (failed && leavesToOthers(a)) {
            a.endpoint.rqError.increment();
            a.cancel();
            return true;
        }
        noMoreRetries();
        settleOn(a);
        return false;
    }

    // ---- hedging ----

    /** Whether a try that takes too long goes on beside the next. */
    boolean hedges() {
        return hedges;
    }

    /** The time of a try has run out: another starts, and the first of them that answers well is the one. */
    void onSlow(Attempt a) {
        if (over) {
            return;
        }
        a.endpoint.monitor().result(EndpointMonitor.Result.TIMEOUT, call.timeoutStatus());
        a.timeoutTold = true;
        RetryState r = retry;
        if (r == null) {
            return;
        }
        RetryState.Verdict verdict = r.onSlow(call.loop().random());
        if (verdict == RetryState.Verdict.YES) {
            a.hedged = true;
            if (slow.isEmpty()) {
                slow = new ArrayList<>(2);
            }
            slow.add(a);
            retriesTimeout = true;
            scheduleRetry(r);
        } else {
            flagOf(verdict);
        }
    }

    /** Whether another try may still answer, or is to come. If so, {@code a} is forgotten. */
    boolean leavesToOthers(Attempt a) {
        boolean others = retryPending || attempt != null && attempt != a || slow.size() > (a.hedged ? 1 : 0);
        if (others) {
            if (a.hedged) {
                slow.remove(a);
            }
            if (attempt == a) {
                attempt = null;
            }
        }
        return others;
    }

    /** The response of {@code a} is the one. */
    private void settleOn(Attempt a) {
        if (slow.isEmpty()) {
            return;
        }
        for (int i = 0; i < slow.size(); i++) {
            if (slow.get(i) != a) {
                slow.get(i).cancel();
            }
        }
        slow = List.of();
        cancel(retryTimer);
        Attempt newest = attempt;
        if (newest != null && newest != a) {
            newest.cancel();
        }
        attempt = a;
        call.upstreamHost(a.endpoint);
    }

    /** The response to {@code a} may be a redirect that is followed here; if so, another request is on its way. */
    boolean follows(Attempt a, int status, HeaderMap headers) {
        InternalRedirectPolicy policy = call.action().internalRedirects();
        if (policy == null || !policy.statuses().contains(status)) {
            return false;
        }
        // Without the whole request nothing can be asked again.
        boolean complete = body.ended() && (body.isKept() || call.info().bytesReceived == 0);
        boolean followed = complete && InternalRedirect.prepare(call, policy, headers, status);
        call.cluster()
                .stats()
                .scope
                .counter("upstream_internal_redirect_" + (followed ? "succeeded_total" : "failed_total"))
                .inc();
        if (followed) {
            boolean withBody = call.stream().requestHeaders().contains(HeaderName.CONTENT_LENGTH) || status != 303;
            ByteBuf data = withBody ? body.copy() : null;
            cleanUp();
            call.stream().restart(headers, data);
        }
        return followed;
    }

    boolean retriesReset(Attempt a, ResetReason reason, boolean requestStarted) {
        RetryState r = retry;
        if (r == null || a.hedged || response.started()) {
            return false;
        }
        RetryState.Verdict verdict =
                r.onReset(reason, requestStarted, call.loop().random());
        if (verdict == RetryState.Verdict.YES) {
            a.endpoint.rqError.increment();
            a.cancel();
            scheduleRetry(r);
            return true;
        }
        flagOf(verdict);
        return false;
    }

    private void flagOf(RetryState.Verdict verdict) {
        if (verdict == RetryState.Verdict.LIMIT_EXCEEDED) {
            call.info().addFlag(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED);
        } else if (verdict == RetryState.Verdict.OVERFLOW) {
            call.info().addFlag(ResponseFlag.UPSTREAM_OVERFLOW);
        }
    }

    private void scheduleRetry(RetryState r) {
        attempt = null;
        retryPending = true;
        retryTimer = call.stream().loop().schedule(this::tryAgain, r.delayNanos(), TimeUnit.NANOSECONDS);
    }

    private void tryAgain() {
        retryPending = false;
        if (over) {
            return;
        }
        count++;
        call.info().upstreamRequestAttemptCount = count;
        HeaderMap headers = call.stream().requestHeaders();
        if (call.action().includeAttemptCount()) {
            headers.set(RouterHeaders.ATTEMPT_COUNT, Integer.toString(count));
        }
        if (call.action().includeIsTimeoutRetry()) {
            headers.set(RouterHeaders.IS_TIMEOUT_RETRY, retriesTimeout ? "true" : "false");
        }
        retriesTimeout = false;
        expectedTimeout(headers, body.ended() ? System.nanoTime() - body.endNanos() : 0);
        startTry();
    }

    /** What has begun to answer is not asked again. */
    void noMoreRetries() {
        RetryState r = retry;
        retry = null;
        if (r != null) {
            r.release();
        }
    }

    // ---- time-outs ----

    void onPerTryTimeout(Attempt a, String details) {
        if (over) {
            return;
        }
        call.upstreamHost(a.endpoint);
        a.cancel();
        a.endpoint.monitor().result(EndpointMonitor.Result.TIMEOUT, call.timeoutStatus());
        retriesTimeout = true;
        if (!retriesReset(a, ResetReason.LOCAL_RESET, true)) {
            response.countAbort(a, call.timeoutStatus());
            response.timedOut(details);
        }
    }

    void onMaxStreamDuration(Attempt a) {
        if (over) {
            return;
        }
        a.cancel();
        if (!retriesReset(a, ResetReason.LOCAL_RESET, true)) {
            response.countAbort(a, 504);
            response.tooLong();
        }
    }

    /** The request as a whole has taken too long. */
    @Override
    public void run() {
        if (over) {
            return;
        }
        Attempt a = attempt;
        for (int i = 0; i < slow.size(); i++) {
            outOfTime(slow.get(i));
        }
        if (a != null) {
            outOfTime(a);
        }
        call.cluster().stats().timeoutUsed(System.nanoTime() - body.endNanos(), call.timeouts().globalNanos);
        response.timedOut("response_timeout");
    }

    private void outOfTime(Attempt a) {
        call.stats().timeout();
        a.endpoint.rqTimeout.increment();
        if (a.awaitingHeaders()) {
            if (!a.timeoutTold) {
                a.endpoint.monitor().result(EndpointMonitor.Result.TIMEOUT, call.timeoutStatus());
            }
            response.countAbort(a, call.timeoutStatus());
        }
        a.cancel();
    }

    // ---- the response's way down ----

    void pauseResponse() {
        Attempt a = attempt;
        if (a != null) {
            a.pauseResponse();
        }
    }

    void resumeResponse() {
        Attempt a = attempt;
        if (a != null) {
            a.resumeResponse();
        }
    }

    /** Nothing more is to come or to be sent; the response's headers stay until the stream ends. */
    void cleanUp() {
        over = true;
        call.stream().clearDeadline();
        cancel(retryTimer);
        noMoreRetries();
        for (int i = 0; i < slow.size(); i++) {
            slow.get(i).cancel();
        }
        slow = List.of();
        Attempt a = attempt;
        attempt = null;
        if (a != null) {
            a.cancel();
        }
        body.clear();
    }

    private static void cancel(@Nullable Future<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    /** The stream is over, and nobody looks at the response's headers any more. */
    void close() {
        if (!over) {
            cleanUp();
        }
        for (Attempt a = last; a != null; a = a.before) {
            call.loop().giveBack(a.responseHeaders());
        }
        last = null;
    }
}
