package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.InvalidValues;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.UpstreamListener;
import dev.mishap.proxy.upstream.UpstreamStream;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One try of a request of the proxy's own: from the endpoint picked to the end of the response, counted in the cluster's stats
 * as a request from inside. Confined to its loop. Exactly one of {@link Events#onEnd} and {@link Events#onFailure} is told,
 * unless the call is cancelled.
 */
final class UpstreamCall implements UpstreamListener {
    /** What becomes of a call; on its loop. */
    interface Events {
        /**
         * Whether another try follows this one, which then does not count.
         *
         * @param headers of the response, or null when there is none
         * @param failure why there is no response, or null for a response with {@code status}
         */
        default boolean triesAgain(
                int status, @Nullable HeaderMap headers, @Nullable AsyncFailure failure, @Nullable ResetReason reason) {
            return false;
        }

        /** The response's head; valid until the call has ended. */
        void onHeaders(HeaderMap headers);

        void onData(ByteBuf transferred);

        /** The response is complete; {@code trailers} are valid during the call. */
        void onEnd(@Nullable HeaderMap trailers);

        void onFailure(AsyncFailure failure, @Nullable ResetReason reason);

        /** What is sent goes out ({@code true}) or is kept until it can. */
        void onWritable(boolean writable);
    }

    private final EventLoop loop;
    private final Upstreams.OnLoop upstreams;
    private final ClusterPools pools;
    private final HeaderMap headers;
    private final HeaderMap response;
    private final Events events;
    private final Deque<ByteBuf> waiting = new ArrayDeque<>();
    private final long startNanos = System.nanoTime();
    private @Nullable Endpoint endpoint;
    private @Nullable UpstreamStream stream;
    private @Nullable Future<?> timer;
    private int pauses;
    private long waitingBytes;
    private boolean requestEnded;
    private boolean perTryTimeout;
    private boolean full;
    private boolean over;

    /** @param headers of the request, which the call copies */
    UpstreamCall(Upstreams upstreams, Cluster cluster, EventLoop loop, HeaderMap headers, Events events) {
        assert loop.inEventLoop();
        this.loop = loop;
        this.upstreams = upstreams.on(loop);
        this.pools = this.upstreams.pools(cluster);
        this.headers = this.upstreams.headerMap();
        this.headers.copyFrom(headers);
        InvalidValues.leaveOut(this.headers); // parts of a client's request may be among them
        this.response = this.upstreams.headerMap();
        this.events = events;
    }

    private ClusterStats stats() {
        return pools.cluster().stats();
    }

    /**
     * Starts; the events may be told before this returns.
     *
     * @param body of the request, which becomes the call's, or null
     * @param end whether the request ends with it
     * @param timeoutNanos until the end of the response, 0 = for ever
     */
    void start(@Nullable ByteBuf body, boolean end, long timeoutNanos) {
        start(body, end, timeoutNanos, false);
    }

    /** The same; {@code perTry} tells which of the time-outs it is. */
    void start(@Nullable ByteBuf body, boolean end, long timeoutNanos, boolean perTry) {
        perTryTimeout = perTry;
        requestEnded = end;
        if (body != null) {
            waiting.add(body);
            waitingBytes += body.readableBytes();
        }
        Endpoint picked = pools.pick();
        if (picked == null) {
            stats().cxNoneHealthy.inc();
            fail(AsyncFailure.NO_HEALTHY_UPSTREAM, null);
            return;
        }
        endpoint = picked;
        if (timeoutNanos > 0) {
            timer = loop.schedule(this::timeout, timeoutNanos, TimeUnit.NANOSECONDS);
        }
        pools.acquire(picked, RequestPriority.DEFAULT, this);
    }

    void send(ByteBuf transferred, boolean end) {
        if (over || requestEnded) {
            transferred.release();
            return;
        }
        requestEnded = end;
        UpstreamStream s = stream;
        if (s == null) {
            waiting.add(transferred);
            waitingBytes += transferred.readableBytes();
        } else {
            s.sendData(transferred, end);
        }
    }

    /** Bytes that wait for a connection. */
    long waitingBytes() {
        return waitingBytes;
    }

    boolean isWritable() {
        return stream != null && !full;
    }

    boolean isOver() {
        return over;
    }

    /** Stops reading the response until as many calls of {@link #resumeReads}. */
    void pauseReads() {
        UpstreamStream s = stream;
        pauses++;
        if (s != null) {
            s.pauseReads();
        }
    }

    void resumeReads() {
        UpstreamStream s = stream;
        pauses--;
        if (s != null) {
            s.resumeReads();
        }
    }

    /** Gives the call up; nothing more is told. */
    void cancel() {
        if (over) {
            return;
        }
        abandon();
        finish();
    }

    private void abandon() {
        UpstreamStream s = stream;
        Endpoint e = endpoint;
        stream = null;
        over = true;
        if (s != null) {
            s.reset();
        } else if (e != null) {
            pools.cancel(e, RequestPriority.DEFAULT, this);
        }
    }

    private void timeout() {
        if (over) {
            return;
        }
        (perTryTimeout ? stats().rqPerTryTimeout : stats().rqTimeout).inc();
        Endpoint e = endpoint;
        if (e != null) {
            e.rqTimeout.increment();
        }
        abandon();
        fail(AsyncFailure.TIMEOUT, null);
    }

    private void fail(AsyncFailure failure, @Nullable ResetReason reason) {
        if (!events.triesAgain(failure.httpStatus(), null, failure, reason)) {
            count(failure.httpStatus());
        }
        Endpoint e = endpoint;
        if (e != null) {
            e.rqError.increment();
        }
        over = true;
        stream = null;
        finish();
        events.onFailure(failure, reason);
    }

    private void count(int status) {
        stats().all.count(status);
        stats().internal.count(status);
    }

    private void complete(@Nullable HeaderMap trailers) {
        // A request that has not ended is the connection's to cut: the stream may be another's already.
        stream = null;
        over = true;
        long millis = (System.nanoTime() - startNanos) / 1_000_000;
        stats().all.time(millis);
        stats().internal.time(millis);
        events.onEnd(trailers);
        finish();
    }

    private void finish() {
        Future<?> t = timer;
        if (t != null) {
            t.cancel(false);
        }
        ByteBuf part;
        while ((part = waiting.poll()) != null) {
            part.release();
        }
        waitingBytes = 0;
        upstreams.giveBack(headers);
        upstreams.giveBack(response);
    }

    // ---- the connection's side ----

    @Override
    public void onReady(UpstreamStream to) {
        stream = to;
        for (int i = 0; i < pauses; i++) {
            to.pauseReads();
        }
        to.sendHeaders(headers, requestEnded && waiting.isEmpty());
        ByteBuf part;
        while (stream == to && (part = waiting.poll()) != null) {
            to.sendData(part, requestEnded && waiting.isEmpty());
        }
        waitingBytes = 0;
        if (stream == to && !full) {
            events.onWritable(true);
        }
    }

    @Override
    public void onPoolFailure(ResetReason reason, @Nullable String transportFailure) {
        fail(AsyncFailure.CONNECT, reason);
    }

    @Override
    public HeaderMap responseHeaders() {
        return response;
    }

    @Override
    public void onInformational(HeaderMap informational) {
        count(statusOf(informational));
    }

    @Override
    public void onHeaders(HeaderMap received, boolean endStream) {
        int status = statusOf(received);
        boolean again = events.triesAgain(status, received, null, null);
        if (!again) {
            count(status);
        }
        Endpoint e = endpoint;
        if (e != null) {
            (status < 500 ? e.rqSuccess : e.rqError).increment();
        }
        events.onHeaders(received);
        if (over) {
            return;
        }
        if (endStream) {
            complete(null);
        } else if (again) {
            abandon(); // nobody waits for the rest
            complete(null);
        }
    }

    static int statusOf(HeaderMap headers) {
        int i = headers.indexOf(HeaderName.STATUS);
        if (i < 0 || headers.valueLength(i) != 3) {
            return 0;
        }
        return (headers.valueByte(i, 0) - '0') * 100
                + (headers.valueByte(i, 1) - '0') * 10
                + headers.valueByte(i, 2)
                - '0';
    }

    @Override
    public void onData(ByteBuf transferred, boolean endStream) {
        if (over) {
            transferred.release();
            return;
        }
        if (transferred.isReadable()) {
            events.onData(transferred);
        } else {
            transferred.release();
        }
        if (endStream && !over) {
            complete(null);
        }
    }

    @Override
    public void onTrailers(HeaderMap trailers) {
        if (!over) {
            complete(trailers);
        }
    }

    @Override
    public void onReset(ResetReason reason) {
        if (!over) {
            fail(AsyncFailure.RESET, reason);
        }
    }

    @Override
    public void onWritable(boolean writable) {
        full = !writable;
        if (!over) {
            events.onWritable(writable);
        }
    }

    /** Ends the request without a last message. */
    void endRequest() {
        send(Unpooled.EMPTY_BUFFER, true);
    }
}
