package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A request under way, over all its tries. Confined to its loop. */
public final class AsyncHttpCall implements UpstreamCall.Events {
    /** Envoy's back-off between tries: up to 25 ms, doubled with each try, 250 ms at most. */
    private static final long BASE_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(25);

    private final Upstreams upstreams;
    private final Cluster cluster;
    private final EventLoop loop;
    private final AsyncHttpRequest request;
    private final AsyncHttpCallbacks callbacks;
    private @Nullable UpstreamCall call;
    private @Nullable HeaderMap headers;
    private @Nullable ByteBuf body;
    private @Nullable Future<?> backoff;
    private int tries;
    private boolean over;

    AsyncHttpCall(
            Upstreams upstreams,
            Cluster cluster,
            EventLoop loop,
            AsyncHttpRequest request,
            AsyncHttpCallbacks callbacks) {
        this.upstreams = upstreams;
        this.cluster = cluster;
        this.loop = loop;
        this.request = request;
        this.callbacks = callbacks;
    }

    void start() {
        if (over) {
            return;
        }
        tries++;
        UpstreamCall next = new UpstreamCall(upstreams, cluster, loop, request.headers(), this);
        call = next;
        next.start(
                request.body().length == 0 ? null : Unpooled.wrappedBuffer(request.body()),
                true,
                request.timeoutNanos());
    }

    /** Gives the request up; the callbacks are told nothing. Does nothing when it is over. */
    public void cancel() {
        UpstreamCall c = call;
        over = true;
        Future<?> b = backoff;
        if (b != null) {
            b.cancel(false);
        }
        if (c != null) {
            c.cancel();
        }
        releaseBody();
    }

    private void releaseBody() {
        ByteBuf b = body;
        body = null;
        if (b != null) {
            b.release();
        }
    }

    /** Whether another try is to be made, which then is on its way. */
    private boolean retry() {
        if (tries > request.retries()) {
            return false;
        }
        cluster.stats().rqRetry.inc();
        cluster.stats().rqRetryBackoffExponential.inc();
        releaseBody();
        headers = null;
        long window = BASE_BACKOFF_NANOS * Math.min(10, 1L << Math.min(tries - 1, 4));
        long delay = Long.remainderUnsigned(upstreams.on(loop).random(), window);
        backoff = loop.schedule(this::start, delay, TimeUnit.NANOSECONDS);
        return true;
    }

    @Override
    public void onHeaders(HeaderMap received) {
        headers = received;
    }

    @Override
    public void onData(ByteBuf transferred) {
        ByteBuf b = body;
        int had = b == null ? 0 : b.readableBytes();
        if (transferred.readableBytes() > request.maxResponseBytes() - had) {
            transferred.release();
            cancel();
            callbacks.onFailure(AsyncFailure.RESPONSE_TOO_LARGE);
        } else if (b == null) {
            body = transferred;
        } else {
            body = append(b, transferred);
        }
    }

    private static ByteBuf append(ByteBuf to, ByteBuf transferred) {
        try {
            int more = transferred.readableBytes();
            if (to.isReadOnly() || to.refCnt() > 1 || to.maxWritableBytes() < more) {
                ByteBuf grown = to.alloc().buffer(Math.max(2 * to.readableBytes(), to.readableBytes() + more));
                grown.writeBytes(to);
                to.release();
                return grown.writeBytes(transferred);
            }
            return to.writeBytes(transferred);
        } finally {
            transferred.release();
        }
    }

    @Override
    public void onEnd(@Nullable HeaderMap trailers) {
        HeaderMap received = headers;
        if (over || received == null) {
            return;
        }
        int status = UpstreamCall.statusOf(received);
        if (status >= 500 && retry()) {
            return;
        }
        over = true;
        ByteBuf b = body;
        try {
            callbacks.onResponse(status, received, b == null ? Unpooled.EMPTY_BUFFER : b);
        } finally {
            releaseBody();
        }
    }

    @Override
    public void onFailure(AsyncFailure failure, @Nullable ResetReason reason) {
        if (over || retry()) {
            return;
        }
        over = true;
        releaseBody();
        callbacks.onFailure(failure);
    }

    @Override
    public void onWritable(boolean writable) {}
}
