package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.http.DeadlineTimer;
import dev.mishap.proxy.http.h2.H2Connection;
import dev.mishap.proxy.http.h2.H2Error;
import dev.mishap.proxy.http.h2.H2Failure;
import dev.mishap.proxy.http.h2.H2Stream;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ConnectionLoss;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An HTTP/2 connection to an endpoint: many requests at a time. Confined to its loop; the pool owns it. */
final class Http2Connection extends H2Connection implements HttpPool.Connection {
    private static final Logger LOG = LoggerFactory.getLogger(Http2Connection.class);
    private static final int MAX_SPARE = 128;
    /** The last number a stream of ours has; far from the end of the numbers, where a peer may be mistaken. */
    private static final int LAST_STREAM = 1 << 30;

    private final Http2Pool pool;
    private final ClusterStats cluster;
    private final UpstreamHttpConfig config;
    private final ArrayDeque<Http2Stream> spare = new ArrayDeque<>();
    private final List<Http2Stream> retired = new ArrayList<>();
    /** In the same sequence as downstream connections. */
    final long id = ConnectionInfo.nextId();

    final ConnectionLife life;
    private @Nullable DeadlineTimer idleTimer;
    private @Nullable DeadlineTimer ageTimer;
    /** Requests that were given a stream; the connection may not know of it yet. */
    private int attached;

    private int nextStream = 1;
    private long requests;
    private long bytesCounted;
    private boolean draining;
    private boolean closed;
    private boolean closedLocally;
    private boolean closedWithRequest;
    private boolean freed;

    Http2Connection(Http2Pool pool) {
        super(
                pool.options(),
                pool.http2Stats(),
                false,
                pool.cluster().config().http().maxHeaderBytes(),
                pool.cluster().config().http().maxHeaders());
        this.pool = pool;
        this.cluster = pool.stats();
        this.config = pool.cluster().config().http();
        this.life = new ConnectionLife(cluster, pool.endpoint(), pool.limits());
        cluster.cxHttp2Total.inc();
    }

    // ---- the pool's side ----

    @Override
    public void connected(Channel channel) {
        life.connected(pool.connector.bytesBefore(pool.endpoint(), channel));
        opened(context()); // whoever waited for the connection is told before the channel says that it is active
        if (config.maxConnectionDurationNanos() > 0) {
            DeadlineTimer t = new DeadlineTimer(channel.eventLoop(), this::tooOld);
            ageTimer = t;
            t.set(System.nanoTime(), config.connectionLifeNanos());
        }
        armIdle();
    }

    @Override
    public void failed(ConnectFailure failure) {
        closedLocally = failure.local();
        life.failed(failure);
        closed = true;
        accountClose();
    }

    @Override
    public boolean wasConnected() {
        return life.wasConnected();
    }

    /** Whether one more request may be sent. */
    boolean takesRequests() {
        return life.wasConnected()
                && !closed
                && !draining
                && attached < Math.min(options().maxConcurrentStreams(), peerMaxStreams());
    }

    Http2Stream attach(UpstreamListener listener) {
        Http2Stream s = spare.pollFirst();
        if (s == null) {
            s = new Http2Stream(this);
        }
        attached++;
        requests++;
        if (idleTimer != null) {
            idleTimer.clear();
        }
        if (config.maxRequestsPerConnection() > 0 && requests >= config.maxRequestsPerConnection()
                || nextStream >= LAST_STREAM) {
            cluster.cxMaxRequests.inc();
            draining = true;
        }
        s.attach(listener, requests == 1);
        return s;
    }

    private void armIdle() {
        if (config.idleTimeoutNanos() > 0) {
            DeadlineTimer t = idleTimer;
            if (t == null) {
                t = new DeadlineTimer(context().channel().eventLoop(), this::idle);
                idleTimer = t;
            }
            t.set(System.nanoTime(), config.idleTimeoutNanos());
        }
    }

    private void idle() {
        if (attached == 0 && !closed) {
            cluster.cxIdleTimeout.inc();
            close();
        }
    }

    private void tooOld() {
        cluster.cxMaxDurationReached.inc();
        drain();
    }

    @Override
    public void drain() {
        draining = true;
        if (attached == 0 && life.wasConnected()) {
            close();
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closedLocally = true;
            shut(ResetReason.CONNECTION_TERMINATION);
        }
    }

    /** Ends the connection and every request on it. */
    private void shut(ResetReason reason) {
        closed = true;
        closedWithRequest = attached > 0 && reason == ResetReason.CONNECTION_TERMINATION;
        stopReading();
        Channel c = context().channel();
        if (c.isActive()) {
            flush();
            c.close();
        }
        for (H2Stream s : streamsNow()) {
            forget(s);
            ((Http2Stream) s).lost(reason);
        }
        accountClose();
    }

    private void accountClose() {
        for (DeadlineTimer t : new @Nullable DeadlineTimer[] {idleTimer, ageTimer}) {
            if (t != null) {
                t.close();
            }
        }
        life.ended(closedLocally, closedWithRequest);
        if (life.wasConnected()) {
            cluster.rqPerCx.record(requests);
        }
        pool.closed(this);
    }

    // ---- the streams' side ----

    Http2Pool pool() {
        return pool;
    }

    Channel channel() {
        return context().channel();
    }

    boolean isClosed() {
        return closed;
    }

    /** Gives the stream its number. */
    void start(Http2Stream stream) {
        beforeRequest();
        open(stream, nextStream);
        nextStream += 2;
    }

    /** The stream is over, for its request and for the connection. */
    void retire(Http2Stream stream) {
        attached--;
        retired.add(stream);
        freed = true;
        if (!closed) {
            scheduleTurn();
        }
    }

    @Override
    protected void afterTurn() {
        long w = bytesWritten();
        cluster.cxTxBytesTotal.add(w - bytesCounted);
        bytesCounted = w;
        for (int i = 0; i < retired.size() && spare.size() < MAX_SPARE; i++) {
            spare.addFirst(retired.get(i));
        }
        retired.clear();
        if (freed && !closed) {
            freed = false;
            if (attached == 0) {
                if (draining) {
                    close();
                    return;
                }
                armIdle();
            }
            pool.serve();
        }
    }

    // ---- the connection's side ----

    @Override
    protected @Nullable H2Stream onStream() {
        return null; // servers open no streams: we have said that we take no pushes
    }

    @Override
    protected boolean isIdleOfOurs(int streamId) {
        return streamId >= nextStream;
    }

    @Override
    protected void onGoAway(int lastStream, int code) {
        if (!draining) {
            cluster.cxCloseNotify.inc();
        }
        draining = true;
        for (H2Stream s : streamsNow()) {
            if (s.id() > lastStream) {
                forget(s);
                ((Http2Stream) s).lost(ResetReason.REMOTE_REFUSED_STREAM_RESET);
            }
        }
        freed = true;
        scheduleTurn();
    }

    @Override
    protected void onSettings() {
        freed = true; // there may be room for more requests
        scheduleTurn();
    }

    @Override
    protected void onConnectionError(H2Failure failure) {
        if (closed) {
            return;
        }
        closedLocally = true;
        if (failure.code() == H2Error.NO_ERROR) {
            shut(ResetReason.CONNECTION_TERMINATION);
        } else {
            cluster.cxProtocolError.inc();
            shut(ResetReason.PROTOCOL_ERROR);
        }
    }

    @Override
    protected void onBytes(int received) {
        cluster.cxRxBytesTotal.add(received);
        cluster.cxRxBytesBuffered.touch();
    }

    @Override
    protected int bufferLimit() {
        int limit = pool.cluster().config().connect().bufferLimitBytes();
        return limit == 0 ? Integer.MAX_VALUE : limit;
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        (ctx.channel().isWritable() ? cluster.flowDrained : cluster.flowBackedUp).inc();
        super.channelWritabilityChanged(ctx);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!closed) {
            shut(ResetReason.CONNECTION_TERMINATION);
        }
        discard();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!ConnectionLoss.is(cause)) {
            LOG.warn(
                    "closing a connection to {} after an unexpected error",
                    pool.endpoint().address(),
                    cause);
        }
        ctx.close();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        ReferenceCountUtil.release(event);
    }
}
