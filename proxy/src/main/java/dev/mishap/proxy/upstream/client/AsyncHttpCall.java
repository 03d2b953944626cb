package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.ResponseFlag;
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
    private long deadlineNanos;
    /** Another try follows the one that is under way. */
    private boolean again;
    /** One of the cluster's retries is this request's. */
    private boolean holdsRetry;

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
        long total = request.timeoutNanos();
        long now = System.nanoTime();
        if (tries == 1) {
            deadlineNanos = now + total;
        } else if (expired(now)) {
            fail(AsyncFailure.TIMEOUT);
            return;
        } else {
            cluster.stats().rqRetry.inc();
            cluster.stats().rqRetryBackoffExponential.inc();
        }
        again = false;
        long left = total == 0 ? Long.MAX_VALUE : Math.max(1, deadlineNanos - now);
        long perTry = request.perTryNanos();
        boolean ofTry = perTry > 0 && perTry < left;
        UpstreamCall next = new UpstreamCall(upstreams, cluster, loop, request.headers(), this);
        call = next;
        next.start(
                request.body().length == 0 ? null : Unpooled.wrappedBuffer(request.body()),
                true,
                ofTry ? perTry : total == 0 ? 0 : left,
                ofTry);
    }

    private boolean expired(long now) {
        return request.timeoutNanos() > 0 && now - deadlineNanos >= 0;
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
        endRetry();
        releaseBody();
    }

    private void endRetry() {
        if (holdsRetry) {
            holdsRetry = false;
            cluster.limits(RequestPriority.DEFAULT).retryEnded();
        }
    }

    private void releaseBody() {
        ByteBuf b = body;
        body = null;
        if (b != null) {
            b.release();
        }
    }

    @Override
    public boolean triesAgain(
            int status, @Nullable HeaderMap headersOfIt, @Nullable AsyncFailure failure, @Nullable ResetReason reason) {
        if (again || over) {
            return again;
        }
        endRetry();
        int count = request.retries().count();
        if (count == 0 || expired(System.nanoTime())) {
            return false;
        }
        ClusterStats stats = cluster.stats();
        if (failure == AsyncFailure.NO_HEALTHY_UPSTREAM
                || reason != null && reason.flag() == ResponseFlag.UPSTREAM_OVERFLOW) {
            return false;
        }
        if (status < 500) {
            if (tries > 1) {
                stats.rqRetrySuccess.inc();
            }
            return false;
        }
        if (tries > count) {
            stats.rqRetryLimitExceeded.inc();
            return false;
        }
        ResourceLimits limits = cluster.limits(RequestPriority.DEFAULT);
        if (!limits.canRetry()) {
            stats.rqRetryOverflow.inc();
            return false;
        }
        limits.retryStarted();
        holdsRetry = true;
        again = true;
        return true;
    }

    /** Sets out for the next try, if there is one; a pause ends with the request's time. */
    private boolean retry() {
        if (!again) {
            return false;
        }
        releaseBody();
        headers = null;
        AsyncHttpRequest.Retries retries = request.retries();
        long window = Math.min(retries.maxNanos(), retries.baseNanos() << Math.min(tries - 1, 16));
        long delay = Long.remainderUnsigned(upstreams.on(loop).random(), Math.max(1, window));
        if (request.timeoutNanos() > 0) {
            delay = Math.min(delay, Math.max(0, deadlineNanos - System.nanoTime()));
        }
        backoff = loop.schedule(this::start, delay, TimeUnit.NANOSECONDS);
        return true;
    }

    private void fail(AsyncFailure failure) {
        over = true;
        endRetry();
        releaseBody();
        callbacks.onFailure(failure);
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
        if (retry()) {
            return;
        }
        over = true;
        endRetry();
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
        fail(failure);
    }

    @Override
    public void onWritable(boolean writable) {}
}
