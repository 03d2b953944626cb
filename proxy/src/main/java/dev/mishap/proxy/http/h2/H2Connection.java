package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.HeaderMap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.collection.IntObjectHashMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/2 connection of either side (RFC 9113): settings, streams, flow control, and what a peer may not do. Subclasses open
 * streams and say what becomes of the connection. The only handler of its pipeline behind TLS; confined to its loop.
 */
public abstract class H2Connection extends ChannelInboundHandlerAdapter {
    /** CONTINUATION frames of one header block; as many as Envoy's codec takes. */
    private static final int MAX_CONTINUATIONS = 1024;
    /** Data that one stream sends before the next has its turn. */
    private static final int TURN = 64 * 1024;

    private final H2Options options;
    private final H2Stats stats;
    private final boolean server;
    private final int maxHeaderBytes;
    private final int maxHeaders;
    private final H2FrameReader reader;
    private final HpackDecoder decoder;
    private final IntObjectHashMap<H2Stream> streams = new IntObjectHashMap<>(8);
    private final ArrayDeque<H2Stream> blocked = new ArrayDeque<>();
    /** Streams that are answered while their requests go on. */
    private final List<H2Stream> cuts = new ArrayList<>();

    private final H2Flood flood;
    private @Nullable ChannelHandlerContext context;
    private @Nullable H2Output output;
    private @Nullable H2Ping ping;

    private boolean begun;
    private boolean settingsSeen;
    private boolean settingsAcked;
    private int lastPeerStream;
    private int sendWindow = H2Frame.DEFAULT_WINDOW;
    private int peerStreamWindow = H2Frame.DEFAULT_WINDOW;
    private long peerMaxStreams = Integer.MAX_VALUE;
    private boolean peerTakesConnect;
    private int receiveWindow = H2Frame.DEFAULT_WINDOW;
    private int unreturned;
    private boolean goneAway;

    // The header block under way.
    private int blockStream;
    private boolean blockEnds;
    private boolean blockOpens;
    private byte[] block = NOTHING;
    private int blockLength;
    /** Bytes of its frames, with their headers. */
    private int blockFrames;

    private int continuations;
    private final HeaderMap dropped = new HeaderMap();

    // The DATA frame under way.
    private @Nullable H2Stream dataStream;
    private boolean dataEnds;

    private static final byte[] NOTHING = {};
    /** What Envoy calls a stream that its codec ended; of whichever side the reset was. */
    static final String UNDERSCORE = "http2.unexpected_underscore";

    static final String REMOTE_RESET = "http2.remote_reset";

    /**
     * @param server whether the peer is a client
     * @param maxHeaderBytes of a message's headers
     * @param maxHeaders of a message
     */
    protected H2Connection(H2Options options, H2Stats stats, boolean server, int maxHeaderBytes, int maxHeaders) {
        this.options = options;
        this.stats = stats;
        this.server = server;
        this.maxHeaderBytes = maxHeaderBytes;
        this.maxHeaders = maxHeaders;
        this.reader = new H2FrameReader(new Frames(), server);
        this.decoder = new HpackDecoder(options.headerTableSize());
        this.flood = new H2Flood(options, stats);
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

    /** Streams that are open. */
    protected final int openStreams() {
        return streams.size();
    }

    /** Streams that the peer allows us to have open. */
    protected final long peerMaxStreams() {
        return peerMaxStreams;
    }

    /** Whether the peer takes extended CONNECT. */
    protected final boolean peerTakesConnect() {
        return peerTakesConnect;
    }

    /** Whether the peer's first settings have come. */
    protected final boolean settingsSeen() {
        return settingsSeen;
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
        return lastPeerStream;
    }

    /** Says GOAWAY; {@code Integer.MAX_VALUE} announces one that is still to come. */
    protected final void goAway(int lastStream, int code) {
        if (lastStream != Integer.MAX_VALUE) {
            stats.goawaySent.inc(); // an announcement is not counted
        }
        output().goAway(lastStream, code, "");
    }

    /** Opens a stream of ours. */
    protected final void open(H2Stream stream, int id) {
        start(stream, id);
    }

    private void start(H2Stream stream, int id) {
        stream.begin(id, peerStreamWindow, options.streamWindow());
        streams.put(id, stream);
        stats.streamsActive.inc();
        flood.streamOpened();
    }

    /** Runs {@code action} for every open stream. */
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
        stats.connections.inc();
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
            widen();
        }
        H2Options.Keepalive k = options.keepalive();
        if (k.intervalNanos() > 0 || k.idleIntervalNanos() > 0) {
            ping = new H2Ping(k, ctx.channel().eventLoop(), this::sendPing, this::onPingTimeout);
        }
    }

    /** Makes the connection's window as large as configured; a server does so when the client has said its settings, as in Envoy. */
    private void widen() {
        int more = options.connectionWindow() - H2Frame.DEFAULT_WINDOW;
        if (more > 0) {
            output().windowUpdate(0, more);
            receiveWindow += more;
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
            reader.read(in);
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
            sendBlocked();
        }
    }

    /** The channel is gone, or nothing more of it matters: ends what belongs to the connection. The streams are the subclass's. */
    protected final void discard() {
        reader.stop();
        if (ping != null) {
            ping.close();
        }
        block = NOTHING;
        for (H2Stream s : streamsNow()) {
            close(s);
        }
        blocked.clear();
        output().close();
    }

    /** Reads nothing more. */
    protected final void stopReading() {
        reader.stop();
        if (ping != null) {
            ping.close();
        }
    }

    // ---- errors ----

    private void fail(H2Failure failure) {
        if (reader.stopped()) {
            return;
        }
        reader.stop();
        String words = failure.announcement();
        if (words != null) {
            output().goAway(lastPeerStream, failure.code(), words);
        }
        onConnectionError(failure);
    }

    private void fail(int code) {
        fail(H2Failure.silent(code));
    }

    /** A message breaks the rules of HTTP: its stream ends, and with it the connection unless the options say that it lives on. */
    private void invalid(H2Stream stream, String details) {
        stats.rxMessagingError.inc();
        if (options.streamErrorOnInvalidMessage()) {
            resetInvalid(stream, H2Error.PROTOCOL_ERROR, details);
        } else {
            lost(stream, H2Error.PROTOCOL_ERROR, details);
            fail(H2Error.PROTOCOL_ERROR);
        }
    }

    private void resetInvalid(H2Stream stream, int code, String details) {
        stats.txReset.inc();
        output().reset(stream.id, code);
        lost(stream, code, details);
        flooded();
    }

    private void lost(H2Stream stream, int code, String details) {
        if (stream.open) {
            close(stream);
            stream.onReset(code, details);
        }
    }

    final void resetByUs(H2Stream stream, int code) {
        if (stream.open) {
            stats.txReset.inc();
            output().reset(stream.id, code);
            stream.sentFrame(H2Frame.HEADER_SIZE + 4);
            close(stream);
        }
    }

    private boolean flooded() {
        H2Failure failure = flood.outbound(output());
        if (failure != null) {
            fail(failure);
        }
        return failure != null;
    }

    // ---- streams ----

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
        if (stream.blocked) {
            stream.blocked = false;
            blocked.remove(stream);
        }
        stream.dropQueue();
        stream.giveBack();
        stream.onClosed();
    }

    // ---- sending ----

    /** Bytes that {@code stream} may send now. */
    final int sendable(H2Stream stream) {
        return context().channel().isWritable() ? Math.min(sendWindow, stream.sendWindow) : 0;
    }

    final void sent(int n) {
        sendWindow -= n;
        flood.dataSent();
    }

    final void block(H2Stream stream) {
        stream.blocked = true;
        blocked.addLast(stream);
    }

    /** Sends what waits, a piece of each stream in turn. */
    private void sendBlocked() {
        int idle = 0;
        while (idle < blocked.size() && sendWindow > 0 && context().channel().isWritable()) {
            H2Stream s = blocked.removeFirst();
            if (s.write(TURN) > 0) {
                idle = 0;
            } else {
                idle++;
            }
            if (s.hasQueued()) {
                blocked.addLast(s);
            } else {
                s.blocked = false;
            }
            s.mark();
            ended(s);
        }
    }

    // ---- receiving ----

    /** {@code n} bytes of a stream have gone on: the connection may receive as many again. */
    final void consumed(int n) {
        unreturned += n;
        if (unreturned >= options.connectionWindow() / 2 && !reader.stopped()) {
            output().windowUpdate(0, unreturned);
            receiveWindow += unreturned;
            unreturned = 0;
        }
    }

    private final class Frames implements H2FrameReader.Sink {
        @Override
        public void onBadPreface() {
            output().drop(); // who speaks something else is told nothing
            fail(H2Failure.BAD_PREFACE);
        }

        @Override
        public void onTooLargeFrame(int type, int streamId) {
            fail(H2Failure.TOO_LARGE_FRAME);
        }

        @Override
        public void onDataFrame(int flags, int streamId, int length) {
            if (!expected(H2Frame.DATA)) {
                return;
            }
            boolean end = (flags & H2Frame.END_STREAM) != 0;
            if (!inbound(H2Frame.DATA, length, end)) {
                return;
            }
            dataBegins(streamId, length, end);
        }

        private boolean dataBegins(int streamId, int length, boolean end) {
            dataStream = null;
            if (streamId == 0 || isIdle(streamId)) {
                fail(H2Failure.DATA_ON_IDLE);
                return false;
            }
            receiveWindow -= length;
            if (receiveWindow < 0) {
                fail(H2Error.FLOW_CONTROL_ERROR);
                return false;
            }
            H2Stream s = streams.get(streamId);
            if (s == null) {
                return true; // reset by us, or long over: what still comes is counted and dropped
            }
            if (s.remoteEnd) {
                fail(H2Failure.DATA_AFTER_END);
                return false;
            }
            if (!s.headersReceived) {
                fail(H2Error.PROTOCOL_ERROR);
                return false;
            }
            s.receiveWindow -= length;
            if (s.receiveWindow < 0) {
                resetInvalid(s, H2Error.FLOW_CONTROL_ERROR, REMOTE_RESET);
                return true;
            }
            s.received(H2Frame.HEADER_SIZE + length);
            dataStream = s;
            dataEnds = end;
            return true;
        }

        @Override
        public void onDataPiece(ByteBuf in, int n, boolean last) {
            data(n == 0 ? Unpooled.EMPTY_BUFFER : null, in, n, last, n);
        }

        /** @param credit bytes of the windows that the piece took, padding included */
        private void data(@Nullable ByteBuf ready, ByteBuf in, int n, boolean last, int credit) {
            H2Stream s = dataStream;
            if (s == null || !s.open) {
                consumed(credit);
                return;
            }
            boolean end = last && dataEnds;
            s.receivedLength += n;
            if (s.expectedLength >= 0
                    && (s.receivedLength > s.expectedLength || end && s.receivedLength < s.expectedLength)) {
                dataStream = null;
                consumed(credit);
                resetInvalid(s, H2Error.PROTOCOL_ERROR, REMOTE_RESET);
                return;
            }
            if (last) {
                dataStream = null;
            }
            if (end) {
                s.remoteEnd = true;
            }
            if (n > 0 || end) {
                s.onData(ready != null ? ready : in.readRetainedSlice(n), end);
            }
            s.delivered(credit);
            ended(s);
        }

        @Override
        public void onFrame(int type, int flags, int streamId, byte[] p, int length) {
            if (!expected(type)) {
                return;
            }
            if (blockStream != 0 && (type != H2Frame.CONTINUATION || streamId != blockStream)) {
                fail(H2Failure.INTERRUPTED_BLOCK);
                return;
            }
            switch (type) {
                case H2Frame.DATA -> paddedData(flags, streamId, p, length);
                case H2Frame.HEADERS -> headers(flags, streamId, p, length);
                case H2Frame.PRIORITY -> priority(streamId, length);
                case H2Frame.RST_STREAM -> resetByPeer(streamId, p, length);
                case H2Frame.SETTINGS -> settings(flags, streamId, p, length);
                case H2Frame.PUSH_PROMISE -> fail(H2Error.PROTOCOL_ERROR);
                case H2Frame.PING -> pinged(flags, streamId, p, length);
                case H2Frame.GOAWAY -> goneAway(streamId, p, length);
                case H2Frame.WINDOW_UPDATE -> windowUpdate(streamId, p, length);
                case H2Frame.CONTINUATION -> continuation(flags, streamId, p, length);
                default -> {} // RFC 9113 4.1: what we don't know is ignored
            }
        }

        /** A peer starts with its settings. */
        private boolean expected(int type) {
            if (!settingsSeen && type != H2Frame.SETTINGS) {
                fail(H2Failure.NO_SETTINGS);
                return false;
            }
            if (blockStream != 0 && type == H2Frame.DATA) {
                fail(H2Failure.INTERRUPTED_BLOCK);
                return false;
            }
            return true;
        }

        private boolean inbound(int type, int payload, boolean end) {
            H2Failure failure = flood.inbound(type, payload, end);
            if (failure != null) {
                fail(failure);
            }
            return failure == null;
        }

        private void paddedData(int flags, int streamId, byte[] p, int length) {
            if (streamId == 0 || isIdle(streamId)) {
                fail(H2Failure.DATA_ON_IDLE);
                return;
            }
            if (length == 0 || (p[0] & 0xff) >= length) {
                fail(length == 0 ? H2Failure.BAD_LENGTH : H2Failure.silent(H2Error.PROTOCOL_ERROR));
                return;
            }
            int n = length - 1 - (p[0] & 0xff);
            boolean end = (flags & H2Frame.END_STREAM) != 0;
            if (inbound(H2Frame.DATA, n, end) && dataBegins(streamId, length, end)) {
                ByteBuf copy = n == 0
                        ? Unpooled.EMPTY_BUFFER
                        : context().alloc().buffer(n).writeBytes(p, 1, n);
                if (dataStream == null) {
                    copy.release();
                }
                data(copy, copy, n, true, length);
            }
        }

        private void headers(int flags, int streamId, byte[] p, int length) {
            int from = 0;
            int to = length;
            if ((flags & H2Frame.PADDED) != 0) {
                to -= length == 0 ? 0 : p[0] & 0xff;
                from++;
            }
            int priorityAt = from;
            if ((flags & H2Frame.WITH_PRIORITY) != 0) {
                from += 5;
            }
            if (from > length) {
                fail(H2Failure.BAD_LENGTH);
                return;
            }
            if (from > to || streamId == 0 || server && (streamId & 1) == 0) {
                fail(H2Error.PROTOCOL_ERROR);
                return;
            }
            boolean end = (flags & H2Frame.END_STREAM) != 0;
            if (!inbound(H2Frame.HEADERS, to - from, end)) {
                return;
            }
            if ((flags & H2Frame.WITH_PRIORITY) != 0 && (H2Frame.int32(p, priorityAt) & 0x7fffffff) == streamId) {
                fail(H2Error.PROTOCOL_ERROR); // a stream that depends on itself
                return;
            }
            H2Stream known = streams.get(streamId);
            if (known != null && known.remoteEnd || known == null && !server && isIdle(streamId)) {
                fail(known == null ? H2Error.PROTOCOL_ERROR : H2Error.STREAM_CLOSED);
                return;
            }
            blockStream = streamId;
            blockFrames = H2Frame.HEADER_SIZE + length;
            blockEnds = end;
            blockOpens = known == null && server && streamId > lastPeerStream;
            if (blockOpens) {
                lastPeerStream = streamId;
            }
            continuations = 0;
            if ((flags & H2Frame.END_HEADERS) != 0) {
                blockComplete(p, from, to);
            } else {
                block = Arrays.copyOfRange(p, from, to);
                blockLength = to - from;
            }
        }

        private void continuation(int flags, int streamId, byte[] p, int length) {
            if (blockStream == 0) {
                fail(H2Failure.STRAY_CONTINUATION);
                return;
            }
            if (!inbound(H2Frame.CONTINUATION, length, false)) {
                return;
            }
            // The table must stay the peer's, so that what is too much is read to its end; up to a bound.
            if (++continuations > MAX_CONTINUATIONS || blockLength + length > 4 * maxHeaderBytes + 0x10000) {
                fail(H2Failure.TOO_LARGE_BLOCK);
                return;
            }
            if (block.length - blockLength < length) {
                block = Arrays.copyOf(block, Math.max(block.length * 2, blockLength + length));
            }
            System.arraycopy(p, 0, block, blockLength, length);
            blockLength += length;
            blockFrames += H2Frame.HEADER_SIZE + length;
            if ((flags & H2Frame.END_HEADERS) != 0) {
                byte[] whole = block;
                block = NOTHING;
                blockComplete(whole, 0, blockLength);
            }
        }

        private void priority(int streamId, int length) {
            if (length != 5) {
                fail(H2Failure.BAD_LENGTH);
            } else {
                inbound(
                        H2Frame.PRIORITY,
                        length,
                        false); // and nothing else: priorities have no effect (RFC 9113 5.3.2)
            }
        }

        private void resetByPeer(int streamId, byte[] p, int length) {
            if (length != 4) {
                fail(H2Failure.BAD_LENGTH);
                return;
            }
            if (streamId == 0 || isIdle(streamId)) {
                fail(H2Error.PROTOCOL_ERROR);
                return;
            }
            H2Stream s = streams.get(streamId);
            if (s != null) {
                stats.rxReset.inc();
                close(s);
                s.onReset(H2Frame.int32(p, 0), null);
            }
        }

        private void settings(int flags, int streamId, byte[] p, int length) {
            boolean ack = (flags & H2Frame.ACK) != 0;
            if (streamId != 0) {
                fail(H2Error.PROTOCOL_ERROR);
            } else if (length % 6 != 0 || ack && length != 0) {
                fail(H2Failure.BAD_LENGTH);
            } else if (ack) {
                settingsAcked = true;
            } else {
                for (int i = 0; i < length; i += 6) {
                    int code = setting((p[i] & 0xff) << 8 | p[i + 1] & 0xff, H2Frame.int32(p, i + 2) & 0xffffffffL);
                    if (code != H2Error.NO_ERROR) {
                        fail(code);
                        return;
                    }
                }
                output().settingsAck();
                if (!settingsSeen && server) {
                    widen();
                }
                settingsSeen = true;
                if (!flooded()) {
                    onSettings();
                }
            }
        }

        private int setting(int id, long value) {
            switch (id) {
                case H2Frame.HEADER_TABLE_SIZE -> output().encoder().peerLimit(value);
                case H2Frame.ENABLE_PUSH -> {
                    if (value > 1 || !server && value != 0) {
                        return H2Error.PROTOCOL_ERROR;
                    }
                }
                case H2Frame.MAX_CONCURRENT_STREAMS -> peerMaxStreams = value;
                case H2Frame.INITIAL_WINDOW_SIZE -> {
                    return initialWindow(value);
                }
                case H2Frame.MAX_FRAME_SIZE -> {
                    if (value < H2Frame.MAX_SIZE || value > (1 << 24) - 1) {
                        return H2Error.PROTOCOL_ERROR;
                    }
                    output().maxFrame((int) value);
                }
                case H2Frame.ENABLE_CONNECT_PROTOCOL -> {
                    if (value > 1 || peerTakesConnect && value == 0) {
                        return H2Error.PROTOCOL_ERROR;
                    }
                    peerTakesConnect = value == 1;
                }
                default -> {}
            }
            return H2Error.NO_ERROR;
        }

        private int initialWindow(long value) {
            if (value > Integer.MAX_VALUE) {
                return H2Error.FLOW_CONTROL_ERROR;
            }
            int change = (int) value - peerStreamWindow;
            peerStreamWindow = (int) value;
            for (H2Stream s : streamsNow()) {
                long next = (long) s.sendWindow + change;
                if (next > Integer.MAX_VALUE) {
                    return H2Error.FLOW_CONTROL_ERROR;
                }
                s.sendWindow = (int) next;
            }
            if (change > 0) {
                sendBlocked();
            }
            return H2Error.NO_ERROR;
        }

        private void pinged(int flags, int streamId, byte[] p, int length) {
            if (length != 8) {
                fail(H2Failure.BAD_LENGTH);
            } else if (streamId != 0) {
                fail(H2Error.PROTOCOL_ERROR);
            } else if ((flags & H2Frame.ACK) == 0) {
                long data = (long) H2Frame.int32(p, 0) << 32 | H2Frame.int32(p, 4) & 0xffffffffL;
                output().ping(true, data);
                flooded();
            }
        }

        private void goneAway(int streamId, byte[] p, int length) {
            if (length < 8) {
                fail(H2Failure.BAD_LENGTH);
            } else if (streamId != 0) {
                fail(H2Error.PROTOCOL_ERROR);
            } else {
                goneAway = true;
                onGoAway(H2Frame.int32(p, 0) & 0x7fffffff, H2Frame.int32(p, 4));
            }
        }

        private void windowUpdate(int streamId, byte[] p, int length) {
            if (length != 4) {
                fail(H2Failure.BAD_LENGTH);
                return;
            }
            if (!inbound(H2Frame.WINDOW_UPDATE, length, false)) {
                return;
            }
            int increment = H2Frame.int32(p, 0) & 0x7fffffff;
            if (streamId == 0) {
                if (increment == 0 || (long) sendWindow + increment > Integer.MAX_VALUE) {
                    fail(increment == 0 ? H2Error.PROTOCOL_ERROR : H2Error.FLOW_CONTROL_ERROR);
                    return;
                }
                sendWindow += increment;
            } else {
                if (isIdle(streamId)) {
                    fail(H2Error.PROTOCOL_ERROR);
                    return;
                }
                H2Stream s = streams.get(streamId);
                if (increment == 0 || s != null && (long) s.sendWindow + increment > Integer.MAX_VALUE) {
                    int code = increment == 0 ? H2Error.PROTOCOL_ERROR : H2Error.FLOW_CONTROL_ERROR;
                    if (s != null) {
                        lost(s, code, "http2.unknown.nghttp2.error");
                    }
                    fail(code);
                    return;
                }
                if (s == null) {
                    return;
                }
                s.received(H2Frame.HEADER_SIZE + length);
                s.sendWindow += increment;
            }
            sendBlocked();
        }
    }

    private boolean isIdle(int streamId) {
        return server == ((streamId & 1) == 1) ? streamId > lastPeerStream : isIdleOfOurs(streamId);
    }

    /** Whether a stream of ours was never opened. */
    protected boolean isIdleOfOurs(int streamId) {
        return true;
    }

    private void blockComplete(byte[] bytes, int from, int to) {
        int id = blockStream;
        boolean end = blockEnds;
        blockStream = 0;
        H2Stream s = streams.get(id);
        boolean refused = false;
        if (blockOpens) {
            if (streams.size() >= options.maxConcurrentStreams()) {
                if (settingsAcked) {
                    fail(H2Error.PROTOCOL_ERROR);
                    return;
                }
                refused = true;
            } else {
                s = onStream();
                refused = s == null;
            }
            if (s != null) {
                start(s, id);
            }
        }
        boolean trailers = s != null && s.headersReceived;
        HeaderMap target = s == null ? dropped : s.target(trailers);
        int outcome = decoder.decode(bytes, from, to, target, maxHeaderBytes, maxHeaders);
        if (s == null) {
            dropped.clear();
        }
        if (outcome == HpackDecoder.BAD) {
            fail(H2Failure.BAD_COMPRESSION);
            return;
        }
        if (refused) {
            stats.streamRefusedErrors.inc();
            stats.txReset.inc();
            output().reset(id, H2Error.REFUSED_STREAM);
            flooded();
            return;
        }
        if (s == null) {
            return; // of a stream that is over
        }
        s.receivedHeaders(blockFrames, target);
        if (outcome == HpackDecoder.OK) {
            message(s, target, trailers, end);
            return;
        }
        target.clear();
        boolean many = outcome == HpackDecoder.TOO_MANY;
        (many ? stats.headerOverflow : stats.headerListTooLarge).inc();
        resetInvalid(s, H2Error.INTERNAL_ERROR, many ? "http2.too_many_headers" : "http2.header_list_size_too_large");
    }

    private void message(H2Stream s, HeaderMap headers, boolean trailers, boolean end) {
        String wrong = trailers && !end ? H2HeaderRules.MESSAGING : s.check(headers, trailers, end);
        if (wrong == null && end && s.expectedLength > s.receivedLength) {
            wrong = H2HeaderRules.MESSAGING;
        }
        if (wrong != null) {
            if (!trailers) {
                headers.clear(); // nobody is to see the headers of a message that is none
            }
            if (wrong == UNDERSCORE) {
                resetInvalid(s, H2Error.INTERNAL_ERROR, wrong);
            } else {
                invalid(s, wrong);
            }
            return;
        }
        s.remoteEnd |= end;
        if (trailers) {
            if (server) {
                stats.trailers.inc();
            }
            s.onTrailers(headers);
        } else if (s.isInformational(headers)) {
            s.onInformational(headers);
            headers.clear();
        } else {
            s.headersReceived = true;
            s.onHeaders(headers, end);
        }
        ended(s);
    }

    /** Whether the peer takes no new streams. */
    protected final boolean goneAway() {
        return goneAway;
    }
}
