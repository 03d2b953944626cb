package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.EndpointMonitor;
import dev.mishap.proxy.cluster.LoadListener;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.upstream.ResetReason;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** From what the tries of one call bring to what the client gets: the upstream's response, or an answer that tells why there is none. */
final class ResponsePath {
    private static final HeaderName SET_COOKIE = HeaderName.of("set-cookie");
    private static final String RESET_BODY = "upstream connect error or disconnect/reset before headers. ";

    private final Call call;
    private final RequestBody body;
    private final Tries tries;
    /** Those that a hash policy made; null = nobody asked. */
    private @Nullable List<String> setCookies;

    private boolean started;
    /** A 1xx has come, with which the response has begun for stats and logs. */
    private boolean informed;

    ResponsePath(Call call, RequestBody body, Tries tries) {
        this.call = call;
        this.body = body;
        this.tries = tries;
    }

    List<String> setCookies() {
        List<String> cookies = setCookies;
        if (cookies == null) {
            cookies = new ArrayList<>(1);
            setCookies = cookies;
        }
        return cookies;
    }

    /** Whether the client has got headers of a response. */
    boolean started() {
        return started;
    }

    private HttpStream stream() {
        return call.stream();
    }

    // ---- the upstream's response ----

    void onInformational(Attempt a, HeaderMap headers) {
        if (informed) {
            return; // One is passed on, however many there are.
        }
        int status = (int) HeaderNumbers.of(headers, HeaderName.STATUS);
        if (status > 104) {
            return; // Nobody knows what it means.
        }
        informed = true;
        call.stats().response(status, headers, a.endpoint);
        tries.noMoreRetries();
        body.forget();
        stream().encodeInformational(headers);
    }

    void onHeaders(Attempt a, HeaderMap headers, boolean endStream) {
        if (tries.over()) {
            return;
        }
        StreamInfo info = call.info();
        long now = System.nanoTime();
        info.upstreamFirstRxNanos = now;
        int status = (int) HeaderNumbers.of(headers, HeaderName.STATUS);
        long grpcStatus = call.grpc() ? HeaderNumbers.of(headers, HeaderName.GRPC_STATUS) : -1;
        reportLoad(a, headers, now);
        report(a, headers, grpcStatus < 0 ? status : GrpcCodes.toHttp(grpcStatus));
        if (tries.retriesHeaders(a, status, headers) || tries.follows(a, status, headers)) {
            return;
        }
        if (call.handshakeFailed(status)) {
            tries.cleanUp();
            stream()
                    .sendLocalReply(new LocalReply(
                            status, "", "websocket_handshake_unsuccessful", -1, to -> copyFields(headers, to)));
            return;
        }
        body.forget();
        started = true;
        if (call.tunnel() && !endStream) {
            body.sendToTunnel(a);
        }
        if (body.ended() && !call.config().suppressEnvoyHeaders) {
            headers.set(RouterHeaders.SERVICE_TIME, Decimals.text((now - body.endNanos()) / 1_000_000));
        }
        addAttempts(headers);
        List<String> cookies = setCookies;
        if (cookies != null) {
            for (int i = 0; i < cookies.size(); i++) {
                headers.add(SET_COOKIE, cookies.get(i));
            }
        }
        countHeaders(a, headers, status, grpcStatus, endStream);
        if (endStream) {
            info.upstreamLastRxNanos = now;
            complete(a);
        }
        stream().encodeHeaders(headers, endStream);
    }

    /** All but what tells of a body, which is not passed on. */
    private static void copyFields(HeaderMap from, HeaderMap to) {
        for (int i = 0, n = from.size(); i < n; i++) {
            if (!from.isPseudo(i)
                    && !from.isNamed(i, HeaderName.CONTENT_LENGTH)
                    && !from.isNamed(i, HeaderName.CONTENT_TYPE)) {
                to.set(HeaderName.of(from.name(i)), from.value(i));
            }
        }
    }

    private static void reportLoad(Attempt a, HeaderMap headers, long now) {
        Cluster cluster = a.endpoint.cluster();
        LoadListener listener = cluster == null ? null : cluster.config().lb().loadListener();
        if (listener != null) {
            listener.answered(a.endpoint, headers, now);
        }
    }

    private static void report(Attempt a, HeaderMap headers, int status) {
        a.endpoint.monitor().response(status);
        Runnable failure = a.endpoint.immediateFailure();
        if (failure != null && headers.contains(RouterHeaders.IMMEDIATE_FAIL)) {
            failure.run();
        }
    }

    private void countHeaders(Attempt a, HeaderMap headers, int status, long grpcStatus, boolean endStream) {
        call.stats().response(status, headers, a.endpoint);
        if (status >= 500) {
            return;
        }
        if (!call.grpc()) {
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

    void onData(Attempt a, ByteBuf transferred, boolean endStream) {
        if (tries.over()) {
            transferred.release();
            return;
        }
        if (endStream) {
            call.info().upstreamLastRxNanos = System.nanoTime();
            complete(a);
        }
        stream().encodeData(transferred, endStream);
    }

    void onTrailers(Attempt a, HeaderMap received) {
        if (tries.over()) {
            return;
        }
        long now = System.nanoTime();
        call.info().upstreamLastRxNanos = now;
        reportLoad(a, received, now);
        if (a.successOpen) {
            a.successOpen = false;
            grpcDone(a, HeaderNumbers.of(received, HeaderName.GRPC_STATUS));
        }
        complete(a);
        stream().encodeTrailers(received);
    }

    private void complete(Attempt a) {
        if (body.ended()) {
            long nanos = System.nanoTime() - body.endNanos();
            call.stats().time(nanos / 1_000_000, a.responseHeaders(), a.endpoint);
            call.cluster().stats().timeoutUsed(nanos, call.timeouts().globalNanos);
        }
        tries.cleanUp();
    }

    // ---- failures ----

    /** The try ended without a response, or in the middle of one. */
    void onReset(Attempt a, ResetReason reason, @Nullable String transportFailure, boolean requestStarted) {
        if (tries.over()) {
            return;
        }
        call.upstreamHost(a.endpoint);
        if (reason != ResetReason.OVERFLOW) { // which is about the cluster, not about the endpoint
            a.endpoint.monitor().result(EndpointMonitor.Result.CONNECT_FAILED, 0);
        }
        call.info().upstreamTransportFailureReason = transportFailure;
        if (tries.retriesReset(a, reason, requestStarted)) {
            return;
        }
        if (reason == ResetReason.OVERFLOW) {
            call.cluster().stats().dropped.increment();
        }
        int status = reason == ResetReason.PROTOCOL_ERROR ? 502 : 503;
        countAbort(a, status);
        if (tries.leavesToOthers(a)) {
            return;
        }
        StringBuilder details = new StringBuilder(96)
                .append(
                        started || informed
                                ? "upstream_reset_after_response_started{"
                                : "upstream_reset_before_response_started{")
                .append(reason.text().replace(' ', '_'));
        if (transportFailure != null) {
            details.append('|').append(transportFailure);
        }
        String text = RESET_BODY
                + (tries.count() > 1 ? "retried and the latest reset reason: " : "reset reason: ")
                + reason.text();
        abort(status, reason.flag(), text, details.append('}').toString(), reason == ResetReason.OVERFLOW);
    }

    void timedOut(String details) {
        String text = call.timeoutStatus() == 204 ? "" : "upstream request timeout";
        abort(call.timeoutStatus(), ResponseFlag.UPSTREAM_REQUEST_TIMEOUT, text, details, false);
    }

    void tooLong() {
        abort(
                504,
                ResponseFlag.UPSTREAM_MAX_STREAM_DURATION_REACHED,
                "upstream max stream duration reached",
                "upstream_max_stream_duration_reached",
                false);
    }

    void countAbort(Attempt a, int status) {
        if (started) {
            if (a.successOpen) {
                a.endpoint.rqError.increment();
                call.config().stats.resetAfterResponseStarted.inc();
            }
            return;
        }
        if (informed) {
            return;
        }
        call.stats().response(status, null, a.endpoint);
        if (status < 500) {
            a.endpoint.rqError.increment();
        }
    }

    private void abort(int status, ResponseFlag flag, String text, String details, boolean dropped) {
        call.info().addFlag(flag);
        tries.cleanUp();
        if (started) {
            stream().abortResponse(details);
            return;
        }
        stream().sendLocalReply(new LocalReply(status, text, details, -1, headers -> {
            if (dropped) {
                call.config().addOverloaded(headers);
            }
            addAttempts(headers);
        }));
    }

    void addAttempts(HeaderMap headers) {
        if (call.action().includeAttemptCountInResponse()) {
            headers.set(RouterHeaders.ATTEMPT_COUNT, Integer.toString(tries.count()));
        }
    }
}
