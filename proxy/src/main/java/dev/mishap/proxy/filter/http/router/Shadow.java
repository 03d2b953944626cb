package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.route.HeaderMutations;
import dev.mishap.proxy.route.MirrorPolicy;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.UpstreamListener;
import dev.mishap.proxy.upstream.UpstreamStream;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A copy of a request on its way to a mirror cluster. Its answer is counted and thrown away; it neither waits for the real
 * request nor slows it: a copy that can't keep up is given up.
 */
final class Shadow implements UpstreamListener {
    private static final long MAX_WAITING = 1 << 20;

    private final Upstreams.OnLoop loop;
    private final ClusterPools pools;
    private final EventLoop executor;
    private final HeaderMap headers;
    private final HeaderMap response;
    private final BodyBuffer waiting = new BodyBuffer();
    private final RequestStats stats;
    private @Nullable Endpoint endpoint;
    private @Nullable UpstreamStream stream;
    private @Nullable Future<?> timer;
    private long timeoutNanos;
    private long endNanos;
    private boolean requestEnded;
    private boolean full;
    private boolean over;

    Shadow(
            Upstreams.OnLoop loop,
            ClusterPools pools,
            HeaderMap original,
            MirrorPolicy policy,
            HttpStream client,
            EventLoop executor) {
        this.loop = loop;
        this.pools = pools;
        this.executor = executor;
        headers = loop.headerMap();
        headers.copyFrom(original);
        response = loop.headerMap();
        stats = new RequestStats(pools.cluster().stats(), true, null, null, null, true, true);
        String host = headers.get(HeaderName.AUTHORITY);
        if (policy.host() != null) {
            headers.set(HeaderName.AUTHORITY, policy.host());
        } else if (policy.appendShadowSuffix() && host != null) {
            headers.set(HeaderName.AUTHORITY, shadowHost(host));
        }
        List<HeaderMutations> mutations = policy.mutations();
        for (int i = 0; i < mutations.size(); i++) {
            mutations.get(i).apply(headers, client, null);
        }
        headers.set(RouterHeaders.INTERNAL, "true");
    }

    /** {@code host-shadow}, before a port. */
    static String shadowHost(String host) {
        int colon = host.lastIndexOf(':');
        boolean port = colon > host.lastIndexOf(']');
        return port ? host.substring(0, colon) + "-shadow" + host.substring(colon) : host + "-shadow";
    }

    void start(boolean end, long timeout) {
        timeoutNanos = timeout;
        loop.ownRequest();
        Endpoint picked = pools.pick();
        if (picked == null) {
            pools.cluster().stats().cxNoneHealthy.inc();
            stats.response(503, null, null);
            finish();
            return;
        }
        endpoint = picked;
        if (end) {
            ended();
        }
        pools.acquire(picked, RequestPriority.DEFAULT, this);
    }

    private void ended() {
        requestEnded = true;
        endNanos = System.nanoTime();
        if (timeoutNanos > 0) {
            timer = executor.schedule(this::timeout, timeoutNanos, TimeUnit.NANOSECONDS);
        }
    }

    void data(ByteBuf transferred, boolean end) {
        if (over) {
            transferred.release();
            return;
        }
        UpstreamStream s = stream;
        if (s == null && waiting.bytes() + transferred.readableBytes() > MAX_WAITING || full) {
            transferred.release();
            pools.cluster().stats().retryOrShadowAbandoned.inc();
            cancel();
            return;
        }
        if (end) {
            ended();
        }
        if (s == null) {
            waiting.add(transferred);
        } else {
            s.sendData(transferred, end);
        }
    }

    /** The real request ended with trailers, which a copy goes without. */
    void trailers() {
        if (!over) {
            ended();
            UpstreamStream s = stream;
            if (s != null) {
                s.sendData(io.netty.buffer.Unpooled.EMPTY_BUFFER, true);
            }
        }
    }

    /** The real request is over; a copy that has not got all of it never will. */
    void requestOver() {
        if (!over && !requestEnded) {
            cancel();
        }
    }

    private void timeout() {
        if (over) {
            return;
        }
        pools.cluster().stats().rqTimeout.inc();
        Endpoint e = endpoint;
        if (e != null) {
            e.rqTimeout.increment();
        }
        stats.response(504, null, e);
        cancel();
    }

    private void cancel() {
        UpstreamStream s = stream;
        Endpoint e = endpoint;
        finish();
        if (s != null) {
            s.reset();
        } else if (e != null) {
            pools.cancel(e, RequestPriority.DEFAULT, this);
        }
    }

    private void finish() {
        if (over) {
            return;
        }
        over = true;
        stream = null;
        if (timer != null) {
            timer.cancel(false);
        }
        waiting.clear();
        loop.giveBack(headers);
        loop.giveBack(response);
    }

    @Override
    public void onReady(UpstreamStream to) {
        stream = to;
        int parts = waiting.parts();
        to.sendHeaders(headers, requestEnded && parts == 0);
        for (int i = 0; i < parts; i++) {
            to.sendData(waiting.copy(i), requestEnded && i == parts - 1);
        }
        waiting.clear();
    }

    @Override
    public void onPoolFailure(ResetReason reason, @Nullable String transportFailure) {
        stats.response(503, null, endpoint);
        finish();
    }

    @Override
    public HeaderMap responseHeaders() {
        return response;
    }

    /** Counted as a response, though another follows: as Envoy does, for which each is one that has come. */
    @Override
    public void onInformational(HeaderMap informational) {
        stats.response((int) HeaderNumbers.of(informational, HeaderName.STATUS), informational, endpoint);
    }

    @Override
    public void onHeaders(HeaderMap received, boolean endStream) {
        Endpoint e = endpoint;
        int status = (int) HeaderNumbers.of(received, HeaderName.STATUS);
        stats.response(status, received, e);
        if (e != null && status < 500) {
            e.rqSuccess.increment();
        }
        if (endStream) {
            complete();
        }
    }

    @Override
    public void onData(ByteBuf transferred, boolean endStream) {
        transferred.release();
        if (endStream) {
            complete();
        }
    }

    @Override
    public void onTrailers(HeaderMap trailers) {
        complete();
    }

    private void complete() {
        Endpoint e = endpoint;
        if (requestEnded && e != null) {
            stats.time((System.nanoTime() - endNanos) / 1_000_000, response, e);
        }
        finish();
    }

    @Override
    public void onReset(ResetReason reason) {
        stats.response(reason == ResetReason.PROTOCOL_ERROR ? 502 : 503, null, endpoint);
        finish();
    }

    @Override
    public void onWritable(boolean writable) {
        full = !writable;
    }
}
