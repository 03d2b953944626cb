package dev.mishap.proxy.http.h2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.collection.IntObjectHashMap;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/2 connection of either side (RFC 9113): its beginning and end, and its streams. What the peer says is read by {@link H2Inbound},
 * what we say is written by {@link H2Output} as far as {@link SendWindows} let it. Subclasses open streams and say what becomes of the
 * connection. The only handler of its pipeline behind TLS; confined to its loop.
 */
public abstract class H2Connection extends ChannelInboundHandlerAdapter {
    /** What Envoy calls a stream that its codec ended; of whichever side the reset was. */
    static final String REMOTE_RESET = "http2.remote_reset";

    static final String UNDERSCORE = "http2.unexpected_underscore";

    private final H2Options options;
    private final H2Stats stats;
    private final boolean server;
    private final H2Flood flood;
    private final H2Inbound inbound;
    private final SendWindows sending;
    private final IntObjectHashMap<H2Stream> streams = new IntObjectHashMap<>(8);
    /** Streams that are answered while their requests go on. */
    private final List<H2Stream> cuts = new ArrayList<>();

    private @Nullable ChannelHandlerContext context;
    private @Nullable H2Output output;
    private @Nullable H2Ping ping;

    private boolean begun;
    /** Whether a stream was lost by what ended the connection. */
    boolean endedByStream;

    /**
     * @param server whether the peer is a client
     * @param maxHeaderBytes of a message's headers
     * @param maxHeaders of a message
     */
    @SuppressWarnings("this-escape") // the parts keep it, and call it when bytes come
    protected H2Connection(H2Options options, H2Stats stats, boolean server, int maxHeaderBytes, int maxHeaders) {
        this.options = options;
        this.stats = stats;
        this.server = server;
        this.flood = new H2Flood(options, stats);
        this.inbound = new H2Inbound(this, options, stats, flood, server, maxHeaderBytes, maxHeaders);
        this.sending = new SendWindows(this, flood);
    }

    // ---- the subclass's part ----

    /** The peer opens a stream; null = it may not have one, and is told that it may try again. */
    protected abstract @Nullable H2Stream onStream();

    /** The peer takes no streams after {@code lastStream}. */
    protected abstract void onGoAway(int lastStream, int code);

    /** The peer's settings have changed, or have come for the first time. */
    protected abstract void onSettings();

    /** The connection broke the rules: GOAWAY is written; the subclass closes it. */
    protected abstract void onConnectionError(H2Failure failure);

    /** Bytes were read. */
    protected abstract void onBytes(int received);

    /** The end of a turn of the loop: nothing of the connection is on the stack, and what was written is flushed. */
    protected abstract void afterTurn();

    /** Bytes that may wait in one stream before its source is told to stop. */
    protected abstract int bufferLimit();

    /** Whether a stream of ours was never opened. */
    protected boolean isIdleOfOurs(int streamId) {
        return true;
    }

    // ---- what a subclass and its streams use ----

    protected final H2Options options() {
        return options;
    }

    protected final H2Stats stats() {
        return stats;
    }

    protected final ChannelHandlerContext context() {
        ChannelHandlerContext c = context;
        assert c != null : "used before it was added to its pipeline";
        return c;
    }

    final H2Output output() {
        H2Output o = output;
        assert o != null : "used before it was added to its pipeline";
        return o;
    }

    /** What the peer lets us send. */
    final SendWindows sending() {
        return sending;
    }

    /** What we let the peer send. */
    final ReceiveWindow receiving() {
        return inbound.window();
    }

    /** Whether what the peer says still matters. */
    final boolean reads() {
        return !inbound.stopped();
    }

    /** Whether the channel takes more. */
    final boolean isWritable() {
        return context().channel().isWritable();
    }

    /** The open stream of that number, or null. */
    final @Nullable H2Stream stream(int id) {
        return streams.get(id);
    }

    /** Streams that are open. */
    protected final int openStreams() {
        return streams.size();
    }

    /** Streams that the peer allows us to have open. */
    protected final long peerMaxStreams() {
        return inbound.peer().maxStreams();
    }

    /** Bytes written so far. */
    protected final long bytesWritten() {
        return output().written();
    }

    /** Sends what is gathered now and not at the end of the turn. */
    protected final void flush() {
        output().flush();
    }

    /** Has {@link #afterTurn} run at the end of this turn. */
    protected final void scheduleTurn() {
        output().scheduleFlush();
    }

    /** The last stream of the peer that we have seen. */
    protected final int lastPeerStream() {
        return inbound.lastPeerStream();
    }

    /** Says GOAWAY; {@code Integer.MAX_VALUE} announces one that is still to come. */
    protected final void goAway(int lastStream, int code) {
        if (lastStream != Integer.MAX_VALUE) {
            stats.goawaySent.inc(); // an announcement is not counted
        }
        output().goAway(lastStream, code, "");
    }

    /** A stream begins. */
    protected final void open(H2Stream stream, int id) {
        stream.begin(id, sending.initial(), options.streamWindow());
        streams.put(id, stream);
        stats.streamsActive.inc();
        flood.streamOpened();
    }

    /** The streams that are open now; the array stays as it is when they close. */
    protected final H2Stream[] streamsNow() {
        return streams.values().toArray(new H2Stream[0]);
    }

    /** Takes a stream from the connection without a word to the peer. */
    protected final void forget(H2Stream stream) {
        close(stream);
    }

    // ---- the channel ----

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        output = new H2Output(ctx, new HpackEncoder(options.headerTableSize()), this);
        if (ctx.channel().isActive()) {
            opened(ctx);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) throws Exception {
        opened(ctx);
    }

    /** The connection is there; may be said more than once. */
    protected void opened(ChannelHandlerContext ctx) {
        if (begun) {
            return;
        }
        begun = true;
        stats.opened();
        H2Output out = output();
        if (!server) {
            out.preface();
        }
        int[] values = new int[8 + options.customSettings().size()];
        int n = 0;
        for (int value : options.customSettings()) {
            values[n++] = value;
        }
        values[n++] = H2Frame.HEADER_TABLE_SIZE;
        values[n++] = options.headerTableSize();
        values[n++] = server ? H2Frame.ENABLE_CONNECT_PROTOCOL : H2Frame.ENABLE_PUSH;
        values[n++] = server && options.allowConnect() ? 1 : 0;
        values[n++] = H2Frame.MAX_CONCURRENT_STREAMS;
        values[n++] = options.maxConcurrentStreams();
        values[n++] = H2Frame.INITIAL_WINDOW_SIZE;
        values[n++] = options.streamWindow();
        out.settings(values, n);
        if (!server) {
            receiving().widen();
        }
        H2Options.Keepalive k = options.keepalive();
        if (k.intervalNanos() > 0 || k.idleIntervalNanos() > 0) {
            ping = new H2Ping(k, ctx.channel().eventLoop(), this::sendPing, this::onPingTimeout);
        }
    }

    private void sendPing() {
        H2Output out = output();
        out.ping(false, ThreadLocalRandom.current().nextLong());
    }

    private void onPingTimeout() {
        stats.keepaliveTimeout.inc();
        onConnectionError(H2Failure.KEEPALIVE);
    }

    /** A request is about to be sent: asks first whether the peer is still there, if it was quiet for long. */
    protected final void beforeRequest() {
        if (ping != null) {
            ping.beforeRequest();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            onBytes(in.readableBytes());
            if (ping != null) {
                ping.received();
            }
            output().beginRead();
            inbound.read(in);
        } finally {
            in.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        output().endRead();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            sending.sendBlocked();
        }
    }

    /** The channel is gone, or nothing more of it matters: ends what belongs to the connection. The streams are the subclass's. */
    protected final void discard() {
        inbound.discard();
        if (ping != null) {
            ping.close();
        }
        for (H2Stream s : streamsNow()) {
            close(s);
        }
        sending.clear();
        output().close();
    }

    /** Reads nothing more. */
    protected final void stopReading() {
        inbound.stop();
        if (ping != null) {
            ping.close();
        }
    }

    // ---- streams ----

    final void resetByUs(H2Stream stream, int code) {
        if (stream.open) {
            stats.txReset.inc();
            output().reset(stream.id, code);
            stream.sentFrame(H2Frame.HEADER_SIZE + 4);
            close(stream);
        }
    }

    /** Before what was written in this turn goes out. */
    final void beforeFlush() {
        for (int i = 0; i < cuts.size(); i++) {
            H2Stream s = cuts.get(i);
            if (s.cutAfterEnd) {
                s.cutAfterEnd = false;
                resetByUs(s, H2Error.NO_ERROR);
            }
        }
        cuts.clear();
    }

    /** Closes the stream when both sides have said all. */
    final void ended(H2Stream stream) {
        if (stream.open && stream.localEndWritten) {
            if (stream.remoteEnd) {
                close(stream);
            } else if (stream.cutAfterEnd) {
                cuts.add(stream); // not at once: the rest of the request may be among the bytes that were read
                scheduleTurn();
            }
        }
    }

    private void close(H2Stream stream) {
        if (!stream.open) {
            return;
        }
        stream.open = false;
        streams.remove(stream.id);
        stats.streamsActive.dec();
        sending.unblock(stream);
        stream.dropQueue();
        stream.giveBack();
        stream.onClosed();
    }
}
