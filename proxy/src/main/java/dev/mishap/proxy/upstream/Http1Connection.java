package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.http.BytesMeter;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.Upgrades;
import dev.mishap.proxy.http.h1.H1Limits;
import dev.mishap.proxy.http.h1.H1Parser;
import dev.mishap.proxy.http.h1.H1ResponseParser;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ConnectionLoss;
import dev.mishap.proxy.transport.TlsSession;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One HTTP/1.1 connection to an endpoint: one request at a time, many in turn. Confined to its loop. The pool owns it; the
 * listener of the request it carries holds it as an {@link UpstreamStream} until the response ends.
 */
final class Http1Connection extends ChannelInboundHandlerAdapter
        implements HttpPool.Connection, UpstreamStream, H1Parser.Sink, UpstreamLink.Marked {
    private static final Logger LOG = LoggerFactory.getLogger(Http1Connection.class);

    private final Http1Pool pool;
    private final ClusterStats stats;
    private final UpstreamHttpConfig config;
    private final H1ResponseParser parser;
    private final Runnable flushTask = this::flushNow;
    private final ConnectionLife life;
    private final long id = ConnectionInfo.nextId();
    private @Nullable BytesMeter meter;
    private boolean resetByPeer;
    private @Nullable Channel channel;
    private @Nullable UpstreamListener listener;
    private @Nullable Future<?> idleTimer;
    private @Nullable Future<?> ageTimer;

    private RequestHead.Framing framing = RequestHead.Framing.NONE;
    private boolean firstChunk;
    private boolean requestComplete;
    private boolean responseStarted;
    /** The response ended before the request did. */
    private boolean requestCut;

    private boolean flushPending;
    private int pauses;
    private long requests;
    private long idleSince;
    /** Takes no more requests: too old, too often used, or its endpoint is gone. */
    private boolean draining;

    private boolean closed;
    private boolean closedLocally;
    private boolean closedWithRequest;

    Http1Connection(Http1Pool pool) {
        this.pool = pool;
        this.stats = pool.stats();
        this.config = pool.cluster().config().http();
        UpstreamHttpConfig.Http1 http1 = config.http1();
        this.parser = new H1ResponseParser(
                H1Limits.ofResponses(
                        config.maxHeaderBytes(), config.maxHeaders(), http1.trailers(), http1.lengthBesideChunked()),
                this);
        this.life = new ConnectionLife(stats, pool.endpoint(), pool.limits());
        stats.cxHttp1Total.inc();
        stats.http1Used();
    }

    // ---- the pool's side ----

    @Override
    public void connected(Channel to) {
        channel = to;
        life.connected(pool.connector.bytesBefore(pool.endpoint(), to));
        if (config.maxConnectionDurationNanos() > 0) {
            ageTimer = to.eventLoop().schedule(this::tooOld, config.connectionLifeNanos(), TimeUnit.NANOSECONDS);
        }
    }

    @Override
    public void failed(ConnectFailure failure) {
        closedLocally = failure.local();
        life.failed(failure);
        accountClose();
    }

    @Override
    public boolean wasConnected() {
        return life.wasConnected();
    }

    /** Whether another request may be sent. */
    boolean usable() {
        return !closed && !draining && channel != null && channel.isActive();
    }

    boolean writable() {
        Channel c = channel;
        return closed || c == null || c.isWritable();
    }

    void attach(UpstreamListener to) {
        assert listener == null;
        listener = to;
        meter = to.meter();
        UpstreamLink.tell(channel(), to);
        requests++;
        requestComplete = false;
        responseStarted = false;
        requestCut = false;
        firstChunk = true;
        if (config.maxRequestsPerConnection() > 0 && requests >= config.maxRequestsPerConnection()) {
            stats.cxMaxRequests.inc();
            draining = true;
        }
    }

    @Override
    public void marked(Map<String, Object> marks) {
        UpstreamListener l = listener;
        if (l != null) {
            l.onMarks(marks);
        }
    }

    /** The pool keeps the connection for later. */
    void idle() {
        long timeout = config.idleTimeoutNanos();
        if (timeout <= 0) {
            return;
        }
        idleSince = System.nanoTime();
        if (idleTimer == null) {
            scheduleIdle(timeout);
        }
    }

    private void scheduleIdle(long nanos) {
        Channel c = channel;
        if (c != null) {
            idleTimer = c.eventLoop().schedule(this::checkIdle, nanos, TimeUnit.NANOSECONDS);
        }
    }

    /** One timer runs at a time and looks again later when the connection was used meanwhile: no timer work per request. */
    private void checkIdle() {
        idleTimer = null;
        if (closed || listener != null) {
            return; // idle() starts it again
        }
        long left = config.idleTimeoutNanos() - (System.nanoTime() - idleSince);
        if (left > 0) {
            scheduleIdle(left);
        } else {
            stats.cxIdleTimeout.inc();
            close();
        }
    }

    private void tooOld() {
        stats.cxMaxDurationReached.inc();
        drain();
    }

    @Override
    public void drain() {
        draining = true;
        if (listener == null && life.wasConnected()) {
            close();
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closedLocally = true;
        shut();
    }

    private void shut() {
        closed = true;
        closedWithRequest = listener != null || requestCut;
        Channel c = channel;
        if (c != null) {
            c.close();
        }
        accountClose();
    }

    private void accountClose() {
        closed = true;
        if (idleTimer != null) {
            idleTimer.cancel(false);
        }
        if (ageTimer != null) {
            ageTimer.cancel(false);
        }
        life.ended(closedLocally, closedWithRequest);
        if (life.wasConnected()) {
            stats.rqPerCx.record(requests);
        }
        pool.closed(this);
    }

    // ---- the request's side ----

    @Override
    public Endpoint endpoint() {
        return pool.endpoint();
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        Channel c = channel;
        return c == null ? null : Connector.localAddress(c);
    }

    @Override
    public @Nullable SocketAddress elsewhere() {
        Channel c = channel;
        return c == null ? null : Connector.elsewhere(c, endpoint());
    }

    @Override
    public @Nullable TlsSession tls() {
        Channel c = channel;
        return c == null ? null : c.attr(UpstreamTransport.SESSION).get();
    }

    @Override
    public String protocol() {
        return "HTTP/1.1";
    }

    @Override
    public long connectionId() {
        return id;
    }

    @Override
    public long connectStartNanos() {
        return requests == 1 ? life.createdNanos() : 0;
    }

    @Override
    public long connectEndNanos() {
        return requests == 1 ? life.openedNanos() : 0;
    }

    private Channel channel() {
        Channel c = channel;
        assert c != null : "used before it was connected";
        return c;
    }

    @Override
    public void sendHeaders(HeaderMap headers, boolean endStream) {
        UpstreamListener l = listener;
        if (l == null || closed) {
            return;
        }
        parser.begin(
                l.responseHeaders(),
                RequestHead.isHead(headers),
                Upgrades.asksForProtocol(headers),
                Upgrades.isConnect(headers));
        Channel c = channel();
        ByteBuf head = c.alloc().ioBuffer(RequestHead.sizeBound(headers));
        framing = RequestHead.write(headers, endStream, config.http1(), head);
        BytesMeter m = meter;
        if (m != null) {
            m.sent(head.readableBytes() - RequestHead.startLineSize(headers, config.http1()) - 2);
        }
        write(head);
        end(endStream && framing != RequestHead.Framing.RAW);
    }

    @Override
    public void sendData(ByteBuf transferred, boolean endStream) {
        if (listener == null || closed) {
            transferred.release();
            return;
        }
        if (framing == RequestHead.Framing.CHUNKED) {
            int size = transferred.readableBytes();
            if (size > 0) {
                ByteBuf line = channel().alloc().ioBuffer(16);
                RequestHead.chunkSize(size, firstChunk, line);
                firstChunk = false;
                write(line);
                write(transferred);
            } else {
                transferred.release();
            }
            if (endStream) {
                lastChunk(null);
            }
        } else {
            write(transferred);
        }
        end(endStream);
        if (endStream && parser.isConnect()) {
            // A CONNECT ends for both sides at once. Not from here: who sends has not finished with it.
            channel().eventLoop().execute(this::endOfTunnel);
        }
    }

    private void endOfTunnel() {
        if (!closed && listener != null) {
            channel().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> tunnelSent());
        }
    }

    private void tunnelSent() {
        if (!closed && listener != null) {
            closedLocally = true;
            parser.stop();
            shut();
            UpstreamListener l = detach();
            if (l != null) {
                l.onReset(ResetReason.CONNECTION_TERMINATION);
            }
        }
    }

    @Override
    public void sendTrailers(HeaderMap trailers) {
        if (listener == null || closed) {
            return;
        }
        if (framing == RequestHead.Framing.CHUNKED) {
            lastChunk(config.http1().trailers() ? trailers : null);
        }
        end(true);
    }

    private void lastChunk(@Nullable HeaderMap trailers) {
        ByteBuf last = channel().alloc().ioBuffer(trailers == null ? 8 : RequestHead.sizeBound(trailers));
        RequestHead.lastChunk(firstChunk, trailers, config.http1().properCaseHeaders(), last);
        write(last);
    }

    private void write(ByteBuf transferred) {
        stats.cxTxBytesTotal.add(transferred.readableBytes());
        BytesMeter m = meter;
        if (m != null) {
            m.wireSent += transferred.readableBytes();
        }
        Channel c = channel();
        c.write(transferred, c.voidPromise());
    }

    /** A complete request goes out at once; parts of one at the end of the loop's turn, all that came in it together. */
    private void end(boolean complete) {
        if (complete) {
            requestComplete = true;
            channel().flush();
        } else if (!flushPending) {
            flushPending = true;
            channel().eventLoop().execute(flushTask);
        }
    }

    private void flushNow() {
        flushPending = false;
        Channel c = channel;
        if (c != null && !closed) {
            c.flush();
        }
    }

    @Override
    public void reset() {
        if (listener == null) {
            return;
        }
        // HTTP/1 has no way to give up a request but to close. The close is counted while the request still is.
        closedLocally = true;
        parser.stop();
        shut();
        detach();
    }

    private @Nullable UpstreamListener detach() {
        UpstreamListener l = listener;
        if (l != null) {
            listener = null;
            meter = null;
            pool.ended();
        }
        return l;
    }

    @Override
    public void pauseReads() {
        if (pauses++ == 0) {
            stats.flowPausedReading.inc();
            channel().config().setAutoRead(false);
        }
    }

    @Override
    public void resumeReads() {
        if (pauses > 0 && --pauses == 0) {
            stats.flowResumedReading.inc();
            channel().config().setAutoRead(true);
        }
    }

    // ---- the channel's side ----

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        ByteBuf in = (ByteBuf) msg;
        try {
            stats.cxRxBytesTotal.add(in.readableBytes());
            stats.cxRxBytesBuffered.touch();
            if (closed) {
                return;
            }
            if (listener == null) {
                // Nobody asked: the peer does not keep to the protocol, and what it says next can't be trusted either.
                stats.cxProtocolError.inc();
                close();
                return;
            }
            H1Parser.Outcome outcome = parser.parse(in);
            countRead();
            if (outcome == H1Parser.Outcome.FAILED) {
                protocolError();
            } else if (outcome == H1Parser.Outcome.COMPLETE && !closed) {
                responseComplete(in.isReadable());
            }
        } finally {
            in.release();
        }
    }

    /** Adds what the parser has taken to the response's bytes, before the listener is told what it means. */
    private void countRead() {
        int n = parser.newBytes();
        BytesMeter m = meter;
        if (m != null) {
            m.wireReceived += n;
        }
    }

    private void countFields() {
        countRead();
        BytesMeter m = meter;
        if (m != null) {
            m.received(parser.fieldBytes());
        }
    }

    private void protocolError() {
        stats.cxProtocolError.inc();
        closedLocally = true;
        shut();
        UpstreamListener l = detach();
        if (l != null) {
            l.onReset(ResetReason.PROTOCOL_ERROR);
        }
    }

    /** The listener has been told the end and was detached; the connection goes back, or away. */
    private void responseComplete(boolean moreBytes) {
        if (moreBytes) {
            stats.cxProtocolError.inc();
            close();
        } else if (!requestComplete) {
            close();
        } else if (!parser.keepAlive()) {
            stats.cxCloseNotify.inc();
            close();
        } else if (draining) {
            close();
        } else {
            while (pauses > 0) {
                resumeReads(); // may read at once what a fault held back, which ends a connection that is between
                // requests
            }
            if (closed) {
                return;
            }
            parser.letGo();
            pool.release(this);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (closed) {
            return;
        }
        UpstreamListener l = listener;
        boolean tunnel = parser.isUpgraded();
        closedLocally |= tunnel
                && parser.isConnect()
                && !resetByPeer; // as in Envoy, which reads the end there and closes itself
        boolean wellEnded = l == null || !tunnel && parser.endOfInput();
        closed = true;
        closedWithRequest = l != null;
        if (l == null || listener == null) {
            accountClose();
            return;
        }
        ResetReason reason = ResetReason.CONNECTION_TERMINATION;
        if (!tunnel && (!wellEnded || responseStarted)) {
            stats.cxProtocolError.inc();
            reason = ResetReason.PROTOCOL_ERROR;
        }
        accountClose();
        detach();
        l.onReset(reason);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        boolean writable = ctx.channel().isWritable();
        (writable ? stats.flowDrained : stats.flowBackedUp).inc();
        UpstreamListener l = listener;
        if (l != null && !closed) {
            l.onWritable(writable);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!ConnectionLoss.is(cause)) {
            LOG.warn(
                    "closing a connection to {} after an unexpected error",
                    pool.endpoint().address(),
                    cause);
        }
        resetByPeer = ConnectionLoss.is(cause);
        // Of a reset by the peer, too, channelInactive tells the listener.
        ctx.close();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        ReferenceCountUtil.release(event);
    }

    // ---- the parser's side ----

    @Override
    public void onInformational(HeaderMap headers) {
        UpstreamListener l = listener;
        if (l != null) {
            l.onInformational(headers);
        }
    }

    @Override
    public void onHeaders(HeaderMap headers, boolean endStream) {
        responseStarted = true;
        countFields();
        UpstreamListener l = endStream ? ended() : listener;
        if (l != null) {
            l.onHeaders(headers, endStream);
        }
    }

    @Override
    public void onData(ByteBuf transferred, boolean endStream) {
        countRead();
        UpstreamListener l = endStream ? ended() : listener;
        if (l != null) {
            l.onData(transferred, endStream);
        } else {
            transferred.release();
        }
    }

    @Override
    public void onTrailers(HeaderMap trailers) {
        countFields();
        UpstreamListener l = ended();
        if (l != null) {
            l.onTrailers(trailers);
        }
    }

    /** Lets go of the listener before it is told the end, so that nothing it does then touches the next request. */
    private @Nullable UpstreamListener ended() {
        requestCut = !requestComplete;
        return detach();
    }
}
