package dev.mishap.proxy.http.h1;

import dev.mishap.proxy.http.ActiveStream;
import dev.mishap.proxy.http.BytesMeter;
import dev.mishap.proxy.http.CodecStats;
import dev.mishap.proxy.http.ConnectionManagerConfig;
import dev.mishap.proxy.http.ConnectionManagerStats;
import dev.mishap.proxy.http.ConnectionTimers;
import dev.mishap.proxy.http.DeadlineTimer;
import dev.mishap.proxy.http.DelayedClose;
import dev.mishap.proxy.http.DownstreamCodec;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.Http2Switch;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.SpareStreams;
import dev.mishap.proxy.http.StreamIds;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ConnectionLoss;
import dev.mishap.proxy.transport.Delivery;
import dev.mishap.proxy.transport.ProcessEnd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A downstream HTTP/1 connection: the only handler of its pipeline. Requests are taken one at a time; bytes of a pipelined next
 * request are held, and reading stops, until the response is out.
 */
public final class H1ServerConnection extends ChannelInboundHandlerAdapter
        implements DownstreamCodec, H1Parser.Sink, ConnectionTimers.Owner {
    private static final Logger LOG = LoggerFactory.getLogger(H1ServerConnection.class);

    private enum State {
        OPEN,
        /** The last response is written or being flushed; what comes in is dropped. */
        CLOSING,
        CLOSED
    }

    private final ConnectionManagerConfig config;
    private final ConnectionManagerStats stats;
    private final H1RequestParser parser;
    private static final HeaderMap NO_TRAILERS = new HeaderMap();

    /** {@code Http1ProtocolOptions.enable_trailers}; without it a response's trailers are dropped. */
    private final boolean responseTrailers;

    private final ConnectionInfo connection;
    private final Runnable heldTask = this::takeHeld;
    private final @Nullable Http2Switch http2;
    /** Whether the first bytes have shown that the client speaks HTTP/1. */
    private boolean detected;

    private @Nullable ChannelHandlerContext context;
    private @Nullable H1Output out;
    private @Nullable SpareStreams streams;
    /** The request under way. */
    private @Nullable ActiveStream stream;

    /** Null before the connection is open. */
    private @Nullable ConnectionTimers timers;

    private @Nullable DeadlineTimer headersTimer;
    private @Nullable DelayedClose end;
    private @Nullable ByteBuf held;
    private State state = State.OPEN;
    private int readPauses;
    private int requests;
    private boolean draining;
    /** The next request that begins is the last one. */
    private boolean nextIsLast;

    private boolean closedLocally;
    /** Within the parser, and what it calls. */
    private boolean parsing;

    private long openedNanos;
    private long bytesCounted;
    private long writtenBefore;
    private long fieldBytesBefore;

    /** A connection whose client speaks HTTP/1, whatever it says. */
    public H1ServerConnection(ConnectionManagerConfig config, H1Limits limits, ConnectionInfo connection) {
        this(config, limits, connection, null);
    }

    /**
     * A connection.
     *
     * @param http2 what takes over when the client turns out to speak HTTP/2, or null when it may not
     */
    public H1ServerConnection(
            ConnectionManagerConfig config, H1Limits limits, ConnectionInfo connection, @Nullable Http2Switch http2) {
        this.responseTrailers = limits.trailers();
        this.config = config;
        this.connection = connection;
        this.http2 = http2;
        this.stats = config.stats;
        this.parser = new H1RequestParser(limits, this);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        out = new H1Output(ctx, config.properCaseResponses);
        streams = config.streams(ctx.channel().eventLoop());
        if (ctx.channel().isActive()) {
            opened(ctx);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        opened(ctx);
    }

    private void opened(ChannelHandlerContext ctx) {
        if (openedNanos != 0) {
            return;
        }
        openedNanos = System.nanoTime();
        stats.cxTotal.inc();
        stats.cxActive.inc();
        timers = new ConnectionTimers(ctx.channel().eventLoop(), config, openedNanos, this);
    }

    private ConnectionTimers timers() {
        ConnectionTimers t = timers;
        assert t != null;
        return t;
    }

    private ActiveStream stream() {
        ActiveStream s = stream;
        assert s != null;
        return s;
    }

    /** The request is over. */
    private void release() {
        ActiveStream s = stream;
        SpareStreams spare = streams;
        if (s != null && spare != null) {
            stream = null;
            parser.letGo();
            spare.giveBack(s);
        }
    }

    private H1Output out() {
        H1Output o = out;
        assert o != null;
        return o;
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext c = context;
        assert c != null;
        return c;
    }

    // ---- reading ----

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (!detected && !detect(ctx, in)) {
            return;
        }
        stats.cxRxBytesTotal.add(in.readableBytes());
        stats.cxRxBytesBuffered.touch();
        if (state != State.OPEN) {
            in.release();
            return;
        }
        ByteBuf h = held;
        if (h != null) {
            // One more read was under way when reading was switched off.
            held = Unpooled.wrappedBuffer(h, in);
            return;
        }
        read(in);
    }

    /** Looks at the first bytes: true = this is HTTP/1; else they went to HTTP/2, or wait for more to tell. */
    private boolean detect(ChannelHandlerContext ctx, ByteBuf in) {
        Http2Switch other = http2;
        ByteBuf h = held;
        ByteBuf all = h == null ? in : Unpooled.wrappedBuffer(h, in);
        held = null;
        if (other != null) {
            String chosen = connection.nextProtocol(); // by ALPN
            int n = chosen == null ? Http2Switch.matches(all) : chosen.equals("h2") ? Http2Switch.PREFACE.length : -1;
            if (n == Http2Switch.PREFACE.length) {
                detected = true;
                state = State.CLOSED;
                closeTimers();
                ctx.pipeline().addAfter(ctx.name(), null, other.handler(openedNanos));
                ctx.fireChannelRead(all);
                ctx.pipeline().remove(this);
                return false;
            }
            if (n >= 0) {
                held = all;
                return false;
            }
        }
        detected = true;
        stats.cxHttp1Total.inc();
        stats.cxHttp1Active.inc();
        if (h != null) {
            channelRead(ctx, all);
            return false;
        }
        return true;
    }

    /** Parses as far as the stream under way allows, and keeps what is left. */
    private void read(ByteBuf in) {
        try {
            while (state == State.OPEN && in.isReadable()) {
                if (stream == null) {
                    if (!H1RequestParser.skipEmptyLines(in)) {
                        return;
                    }
                    begin();
                } else if (parser.complete()) {
                    hold(in);
                    return;
                }
                parsing = true;
                boolean failed = parser.parse(in) == H1Parser.Outcome.FAILED;
                parsing = false;
                countRead();
                if (failed) {
                    failed(parser.error());
                    return;
                }
            }
        } finally {
            in.release();
        }
    }

    private void hold(ByteBuf in) {
        held = in.readRetainedSlice(in.readableBytes());
        pauseReads();
    }

    private void takeHeld() {
        ByteBuf h = held;
        if (h != null && state == State.OPEN && stream == null) {
            held = null;
            resumeReads();
            read(h);
        }
    }

    /** Adds what the parser has taken to the request's bytes, before anybody is told what it means. */
    private void countRead() {
        int n = parser.newBytes();
        ActiveStream s = stream;
        if (s != null) {
            s.info().downstreamBytes.wireReceived += n;
        }
    }

    @Override
    public void account(BytesMeter bytes) {
        bytes.wireSent = out().written() - writtenBefore;
        long fields = out().fieldBytes() - fieldBytesBefore;
        bytes.headerSent = fields;
        bytes.plainHeaderSent = fields;
    }

    private void begin() {
        SpareStreams spare = streams;
        assert spare != null;
        ActiveStream s = spare.take(this);
        stream = s;
        long now = System.nanoTime();
        parser.begin(s.incoming());
        requests++;
        draining |= nextIsLast;
        stats.rqHttp1Total.inc();
        s.begin(now);
        StreamInfo info = s.info();
        info.streamId = StreamIds.next();
        info.on(connection);
        writtenBefore = out().written();
        fieldBytesBefore = out().fieldBytes();
        timers().used();
        if (config.requestHeadersTimeoutNanos > 0) {
            DeadlineTimer t = headersTimer;
            if (t == null) {
                t = new DeadlineTimer(channel().eventLoop(), this::headersTooSlow);
                headersTimer = t;
            }
            t.set(now, config.requestHeadersTimeoutNanos);
        }
    }

    private void failed(H1Error error) {
        stats.cxProtocolError.inc();
        CodecStats codec = config.codecStats;
        if (codec != null && error == H1Error.UNDERSCORE) {
            codec.rejectedForUnderscore.inc();
        }
        String body = switch (error.status()) {
            case 431 -> "Request Header Fields Too Large";
            case 501 -> "Not Implemented";
            default -> "Bad Request";
        };
        ActiveStream s = stream;
        if (s != null) {
            s.onCodecError(error.status(), body, error.details());
        }
    }

    @Override
    public void onHeaders(HeaderMap headers, boolean endStream) {
        countRead();
        stream().info().downstreamBytes.received(parser.fieldBytes());
        if (headersTimer != null) {
            headersTimer.clear();
        }
        if (!parser.isHttp11()) {
            if (!config.acceptHttp10 || !parser.isHttp10()) {
                parser.stop();
                stats.cxProtocolError.inc();
                stream().onCodecError(426, "Upgrade Required", "low_version");
                return;
            }
            if (!headers.contains(HeaderName.AUTHORITY) && !config.defaultHostForHttp10.isEmpty()) {
                headers.add(HeaderName.AUTHORITY, config.defaultHostForHttp10);
            }
        }
        CodecStats codec = config.codecStats;
        if (codec != null && parser.droppedForUnderscore() > 0) {
            codec.droppedForUnderscore.add(parser.droppedForUnderscore());
        }
        stream().onHeaders(parser.isHttp11() ? "HTTP/1.1" : "HTTP/1.0", parser.isHead(), endStream);
    }

    @Override
    public void onData(ByteBuf transferred, boolean endStream) {
        countRead();
        stream().onData(transferred, endStream);
    }

    @Override
    public void onTrailers(HeaderMap trailers) {
        countRead();
        stream().info().downstreamBytes.received(parser.fieldBytes());
        stream().onTrailers(trailers);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ActiveStream s = stream;
        if (s != null) {
            s.onWritability(ctx.channel().isWritable());
        }
    }

    // ---- the end of the connection ----

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ActiveStream s = stream;
        state = State.CLOSED;
        parser.stop();
        if (s != null) {
            s.onDisconnect(ResponseFlag.DOWNSTREAM_CONNECTION_TERMINATION, "downstream_remote_disconnect");
            release();
        }
        closeTimers();
        ReferenceCountUtil.release(held);
        held = null;
        out().discard();
        countWritten();
        if (detected) {
            stats.cxHttp1Active.dec();
        }
        stats.closed(closedLocally, s != null, System.nanoTime() - openedNanos);
    }

    private void closeTimers() {
        if (timers != null) {
            timers.close();
        }
        if (headersTimer != null) {
            headersTimer.close();
        }
        if (end != null) {
            end.cancel();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!ConnectionLoss.is(cause)) {
            LOG.warn("closing connection {} after an unexpected error", connection.id, cause);
            closedLocally = true;
        }
        ctx.close();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ProcessEnd end) {
            end.take(); // what is closing has its response on the way
            if (state == State.OPEN) {
                draining = true;
                if (stream == null) {
                    closeIdle();
                }
            }
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void idle() {
        if (state == State.OPEN && stream == null) {
            stats.cxIdleTimeout.inc();
            drainIdle();
        }
    }

    /**
     * Closes an idle connection whose time is over, as Envoy does: one that was never used at once, any other after the
     * drain timeout, so that a request that is on its way is still answered (and told that it is the last one).
     */
    private void drainIdle() {
        if (requests == 0 || config.drainTimeoutNanos == 0) {
            closeIdle();
        } else if (!draining) {
            draining = true;
            timers().drain();
        }
    }

    @Override
    public void drained() {
        if (state == State.OPEN && stream == null) {
            closeIdle();
        }
    }

    @Override
    public void tooOld() {
        stats.cxMaxDurationReached.inc();
        if (config.safeMaxConnectionDuration && requests > 0) {
            nextIsLast = true;
        } else if (stream != null) {
            draining = true;
        } else {
            drainIdle();
        }
    }

    private void headersTooSlow() {
        ActiveStream s = stream;
        if (s != null) {
            parser.stop();
            s.onHeadersTimeout();
        }
    }

    /** Closes an idle connection; the last response may still be on its way. */
    private void closeIdle() {
        state = State.CLOSING;
        closedLocally = true;
        closeWhenSent();
    }

    private void countWritten() {
        long w = out().written();
        stats.cxTxBytesTotal.add(w - bytesCounted);
        bytesCounted = w;
    }

    // ---- DownstreamCodec ----

    @Override
    public Channel channel() {
        return context().channel();
    }

    @Override
    public String protocol() {
        return "HTTP/1.1";
    }

    @Override
    public void encodeInformational(HeaderMap headers) {
        out().informational(headers);
    }

    @Override
    public void encodeContinue() {
        // A client that has sent its body at once does not wait for it, but RFC 9110 10.1.1 lets us answer all the
        // same.
        out().continue100();
    }

    @Override
    public void encodeHeaders(HeaderMap headers, boolean endStream, boolean close, boolean tunnel) {
        boolean http10 = parser.isHttp10() && config.acceptHttp10;
        boolean untilClose = http10 && !endStream && !headers.contains(HeaderName.CONTENT_LENGTH);
        out().responseHead(headers, endStream, parser.isHead(), close || untilClose, http10, tunnel);
        if (untilClose) {
            draining = true;
        }
    }

    @Override
    public void encodeData(ByteBuf transferred, boolean endStream) {
        out().data(transferred, endStream);
    }

    @Override
    public void encodeTrailers(HeaderMap trailers) {
        out().trailers(responseTrailers ? trailers : NO_TRAILERS);
    }

    @Override
    public boolean requestComplete() {
        return parser.complete();
    }

    @Override
    public boolean keepAlive() {
        if (config.maxRequestsPerConnection > 0 && requests >= config.maxRequestsPerConnection) {
            stats.cxMaxRequestsReached.inc();
            return false;
        }
        // What a client of a refused tunnel sends next is not HTTP.
        return parser.keepAlive() && !parser.isConnect() && !draining;
    }

    @Override
    public boolean upgradeRequested() {
        return parser.isUpgrade();
    }

    @Override
    public void streamDone() {
        countWritten();
        boolean close = stream().closesConnection() || draining;
        release();
        if (state != State.OPEN) {
            return;
        }
        if (close) {
            state = State.CLOSING;
            // As in Envoy: the client of an answer that was there at once has a while to close the connection itself.
            boolean later = parser.complete() && held == null && !parsing;
            parser.stop();
            if (later || config.delayedCloseTimeoutNanos == 0) {
                closedLocally = true;
                closeWhenSent();
            } else {
                lingerThenClose();
            }
            return;
        }
        timers().unused();
        releasePauses();
        if (held != null) {
            // Not from here: the filters of the stream that has just ended are still on the stack.
            channel().eventLoop().execute(heldTask);
        }
    }

    /** What the client still sends is read and dropped, so that it gets our answer and not a reset that destroys it. */
    private void lingerThenClose() {
        readPauses = 0;
        channel().config().setAutoRead(true);
        ReferenceCountUtil.release(held);
        held = null;
        out().flush();
        end().linger();
    }

    private void closeWhenSent() {
        out().flush();
        end().whenSent();
    }

    private DelayedClose end() {
        DelayedClose e = end;
        if (e == null) {
            e = new DelayedClose(context(), config.delayedCloseTimeoutNanos, this::closeTooSlow);
            end = e;
        }
        return e;
    }

    private void closeTooSlow() {
        closedLocally = true;
        stats.cxDelayedCloseTimeout.inc();
    }

    @Override
    public void streamCut(boolean reset) {
        release();
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSING;
        closedLocally = true;
        parser.stop();
        if (reset) {
            // With a linger of 0 close sends RST, and what is not sent yet is dropped.
            out().discard();
            channel().config().setOption(ChannelOption.SO_LINGER, 0);
            context().close();
        } else {
            closeWhenSent();
        }
    }

    @Override
    public void streamReset(int code, boolean wholeConnection) {
        release();
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSING;
        closedLocally = true;
        parser.stop();
        out().flush();
        Delivery.then(channel(), () -> {
            channel().config().setOption(ChannelOption.SO_LINGER, 0);
            context().close();
        });
    }

    @Override
    public void pauseReads() {
        if (readPauses++ == 0) {
            channel().config().setAutoRead(false);
        }
    }

    @Override
    public void resumeReads() {
        assert readPauses > 0;
        if (--readPauses == 0) {
            channel().config().setAutoRead(true);
        }
    }

    /** A stream that ended takes its pauses with it; only held bytes still keep reading off. */
    private void releasePauses() {
        int left = held == null ? 0 : 1;
        if (readPauses != left) {
            boolean off = readPauses > 0;
            readPauses = left;
            if (off && left == 0) {
                channel().config().setAutoRead(true);
            }
        }
    }

    @Override
    public boolean writable() {
        return channel().isWritable();
    }
}
