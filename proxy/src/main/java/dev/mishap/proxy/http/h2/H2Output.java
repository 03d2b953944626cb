package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.HeaderMap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * Writes a connection's frames. Small ones are gathered in one buffer that goes out once a turn of the event loop. Counts the frames
 * that the peer has not taken, since one that asks for answers and reads none must not fill our memory.
 */
final class H2Output {
    /** Payloads up to this size are copied beside their header, which is cheaper than one more entry of a gathering write. */
    private static final int COPY_LIMIT = 4096;

    private static final int BUFFER = 4096;

    private static final FastThreadLocal<byte[]> SCRATCH = new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
            return new byte[4096];
        }
    };

    private final ChannelHandlerContext ctx;
    private final HpackEncoder encoder;
    private final Runnable flushTask = this::flushNow;
    private final H2Connection connection;
    private int maxFrame = H2Frame.MAX_SIZE;
    private @Nullable ByteBuf pending;
    private boolean unflushed;
    private boolean scheduled;
    private boolean inRead;
    private boolean closed;
    private long written;
    private int frames;
    private int controlFrames;
    private int markedFrames;
    private int markedControlFrames;

    /** @param connection told of each flush at the end of a turn, when no caller of it is on the stack */
    H2Output(ChannelHandlerContext ctx, HpackEncoder encoder, H2Connection connection) {
        this.ctx = ctx;
        this.encoder = encoder;
        this.connection = connection;
    }

    HpackEncoder encoder() {
        return encoder;
    }

    void maxFrame(int bytes) {
        // Larger frames than the default would let one stream hold the connection for longer.
        maxFrame = Math.min(bytes, H2Frame.MAX_SIZE);
    }

    int maxFrame() {
        return maxFrame;
    }

    /** Bytes written so far. */
    long written() {
        return written;
    }

    /** Frames that the peer has not taken. */
    int outstanding() {
        return frames;
    }

    /** Of them, those that answer the peer: acknowledgements and resets. */
    int outstandingControl() {
        return controlFrames;
    }

    // ---- frames ----

    void preface() {
        put(H2Frame.PREFACE, H2Frame.PREFACE.length);
    }

    /** @param values identifiers and values in turn */
    void settings(int[] values, int count) {
        ByteBuf b = head(count * 3, H2Frame.SETTINGS, 0, 0);
        for (int i = 0; i < count; i += 2) {
            b.writeShort(values[i]);
            b.writeInt(values[i + 1]);
        }
        frames++;
    }

    void settingsAck() {
        head(0, H2Frame.SETTINGS, H2Frame.ACK, 0);
        control();
    }

    void ping(boolean ack, long data) {
        head(8, H2Frame.PING, ack ? H2Frame.ACK : 0, 0).writeLong(data);
        control();
    }

    void reset(int streamId, int code) {
        head(4, H2Frame.RST_STREAM, 0, streamId).writeInt(code);
        control();
    }

    void windowUpdate(int streamId, int increment) {
        head(4, H2Frame.WINDOW_UPDATE, 0, streamId).writeInt(increment);
        frames++;
    }

    void goAway(int lastStreamId, int code, String words) {
        ByteBuf b = head(8 + words.length(), H2Frame.GOAWAY, 0, 0);
        b.writeInt(lastStreamId);
        b.writeInt(code);
        ByteBufUtil.writeAscii(b, words);
        frames++;
    }

    void headers(int streamId, HeaderMap headers, boolean endStream) {
        int most = HpackEncoder.bound(headers);
        byte[] scratch = SCRATCH.get();
        if (scratch.length < most) {
            scratch = new byte[Math.max(most, scratch.length * 2)];
            if (most <= 64 * 1024) {
                SCRATCH.set(scratch);
            }
        }
        int length = encoder.encode(headers, scratch);
        int n = Math.min(length, maxFrame);
        int flags = endStream ? H2Frame.END_STREAM : 0;
        head(n, H2Frame.HEADERS, n == length ? flags | H2Frame.END_HEADERS : flags, streamId)
                .writeBytes(scratch, 0, n);
        frames++;
        for (int at = n; at < length; at += n) {
            n = Math.min(length - at, maxFrame);
            head(n, H2Frame.CONTINUATION, at + n == length ? H2Frame.END_HEADERS : 0, streamId)
                    .writeBytes(scratch, at, n);
            frames++;
        }
    }

    /** Writes one DATA frame of {@code n} bytes, read from {@code from}, which stays the caller's. */
    void data(int streamId, ByteBuf from, int n, boolean endStream) {
        ByteBuf b = head(n, H2Frame.DATA, endStream ? H2Frame.END_STREAM : 0, streamId);
        frames++;
        if (n == 0) {
            return;
        }
        if (n <= COPY_LIMIT) {
            b.writeBytes(from, n);
        } else {
            pass();
            unflushed = true;
            ctx.write(from.readRetainedSlice(n), ctx.voidPromise());
            schedule();
        }
    }

    private void control() {
        frames++;
        controlFrames++;
    }

    private ByteBuf head(int length, int type, int flags, int streamId) {
        int n = H2Frame.HEADER_SIZE + length;
        written += n;
        ByteBuf b = room(type == H2Frame.DATA && length > COPY_LIMIT ? H2Frame.HEADER_SIZE : n);
        b.writeInt(length << 8 | type);
        b.writeByte(flags);
        b.writeInt(streamId);
        schedule();
        return b;
    }

    private void put(byte[] bytes, int length) {
        room(length).writeBytes(bytes, 0, length);
        written += length;
        schedule();
    }

    private ByteBuf room(int n) {
        ByteBuf p = pending;
        if (p != null) {
            if (p.writableBytes() >= n) {
                return p;
            }
            pass();
        }
        p = ctx.alloc().ioBuffer(Math.max(n, BUFFER));
        pending = p;
        return p;
    }

    private void pass() {
        ByteBuf p = pending;
        if (p != null) {
            pending = null;
            unflushed = true;
            ctx.write(p, ctx.voidPromise());
        }
    }

    // ---- flushing ----

    /** The connection reads: what is written meanwhile goes out when it has read all. */
    void beginRead() {
        inRead = true;
    }

    void endRead() {
        inRead = false;
        flushNow();
    }

    private void schedule() {
        if (!inRead && !scheduled) {
            scheduleFlush();
        }
    }

    /** Flushes, and runs what follows a flush, at the end of this turn of the event loop. */
    void scheduleFlush() {
        if (!scheduled && !inRead) {
            scheduled = true;
            ctx.channel().eventLoop().execute(flushTask);
        }
    }

    private void flushNow() {
        scheduled = false;
        if (!closed) {
            connection.beforeFlush();
        }
        flush();
        connection.afterTurn();
    }

    /** Sends what is gathered. */
    void flush() {
        if (closed) {
            return;
        }
        pass();
        if (unflushed) {
            unflushed = false;
            ctx.flush();
            settle();
        }
    }

    /** Forgets the frames that are out, or has itself told when those that are not will be. */
    private void settle() {
        Channel channel = ctx.channel();
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        if (buffer == null || buffer.isEmpty()) {
            frames = controlFrames = markedFrames = markedControlFrames = 0;
            return;
        }
        int f = frames - markedFrames;
        int c = controlFrames - markedControlFrames;
        if (f > 0) {
            markedFrames = frames;
            markedControlFrames = controlFrames;
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> taken(f, c));
        }
    }

    private void taken(int f, int c) {
        // All may have been forgotten at once since.
        frames = Math.max(0, frames - f);
        controlFrames = Math.max(0, controlFrames - c);
        markedFrames = Math.max(0, markedFrames - f);
        markedControlFrames = Math.max(0, markedControlFrames - c);
    }

    /** Drops what is gathered; the channel is gone. */
    void close() {
        closed = true;
        drop();
    }

    /** Drops what is gathered. */
    void drop() {
        ByteBuf p = pending;
        if (p != null) {
            pending = null;
            p.release();
        }
    }

    boolean closed() {
        return closed;
    }
}
