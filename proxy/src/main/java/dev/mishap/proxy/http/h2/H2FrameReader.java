package dev.mishap.proxy.http.h2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.FastThreadLocal;

/**
 * Cuts a connection's bytes into frames. The payload of DATA passes in the pieces in which it came; other frames are handed out
 * whole, in an array that is the reader's. Holds at most one frame. Confined to the connection's loop.
 */
final class H2FrameReader {
    /** Who is told of the frames. */
    interface Sink {
        /** A DATA frame begins; its payload follows in {@link #onDataPiece}. */
        void onDataFrame(int flags, int streamId, int length);

        /** {@code n} bytes of the DATA frame, to be read from {@code in}. */
        void onDataPiece(ByteBuf in, int n, boolean last);

        /** Another frame, or DATA that is padded; its payload is {@code payload[0..length)}, valid during the call. */
        void onFrame(int type, int flags, int streamId, byte[] payload, int length);

        /** The client's first bytes are not HTTP/2's. */
        void onBadPreface();

        /** A frame is larger than it may be. */
        void onTooLargeFrame(int type, int streamId);
    }

    private static final FastThreadLocal<byte[]> SCRATCH = new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
            return new byte[H2Frame.MAX_SIZE];
        }
    };
    private static final byte[] NOTHING = {};

    private final Sink sink;
    private int prefaceAt;
    private boolean stopped;
    private final byte[] header = new byte[H2Frame.HEADER_SIZE];
    private int headerFill;
    private boolean inFrame;
    private int length;
    private int type;
    private int flags;
    private int streamId;
    private byte[] payload = NOTHING;
    private int payloadFill;
    private int dataLeft;

    /** @param preface whether the peer is a client, whose first bytes are fixed */
    H2FrameReader(Sink sink, boolean preface) {
        this.sink = sink;
        this.prefaceAt = preface ? 0 : H2Frame.PREFACE.length;
    }

    /** Nothing more is read. */
    void stop() {
        stopped = true;
        payload = NOTHING;
    }

    boolean stopped() {
        return stopped;
    }

    /** Reads what there is; {@code in} stays the caller's. */
    void read(ByteBuf in) {
        while (!stopped) {
            if (dataLeft > 0) {
                int n = Math.min(dataLeft, in.readableBytes());
                if (n == 0) {
                    return;
                }
                dataLeft -= n;
                int next = in.readerIndex() + n;
                sink.onDataPiece(in, n, dataLeft == 0);
                in.readerIndex(next);
            } else if (prefaceAt < H2Frame.PREFACE.length) {
                if (!preface(in)) {
                    return;
                }
            } else if (inFrame) {
                if (!payload(in)) {
                    return;
                }
            } else if (!header(in)) {
                return;
            }
        }
    }

    private boolean preface(ByteBuf in) {
        while (prefaceAt < H2Frame.PREFACE.length) {
            if (!in.isReadable()) {
                return false;
            }
            if (in.readByte() != H2Frame.PREFACE[prefaceAt++]) {
                sink.onBadPreface();
                return false;
            }
        }
        return true;
    }

    private boolean header(ByteBuf in) {
        int n = Math.min(H2Frame.HEADER_SIZE - headerFill, in.readableBytes());
        in.readBytes(header, headerFill, n);
        headerFill += n;
        if (headerFill < H2Frame.HEADER_SIZE) {
            return false;
        }
        headerFill = 0;
        byte[] h = header;
        length = (h[0] & 0xff) << 16 | (h[1] & 0xff) << 8 | h[2] & 0xff;
        type = h[3] & 0xff;
        flags = h[4] & 0xff;
        streamId = H2Frame.int32(h, 5) & 0x7fffffff;
        if (length > H2Frame.MAX_SIZE) {
            sink.onTooLargeFrame(type, streamId);
            return false;
        }
        if (type == H2Frame.DATA && (flags & H2Frame.PADDED) == 0) {
            sink.onDataFrame(flags, streamId, length);
            dataLeft = length;
            if (length == 0 && !stopped) {
                sink.onDataPiece(Unpooled.EMPTY_BUFFER, 0, true);
            }
        } else {
            inFrame = true;
        }
        return true;
    }

    private boolean payload(ByteBuf in) {
        int n = Math.min(length - payloadFill, in.readableBytes());
        byte[] to = payload;
        if (payloadFill == 0 && n == length) {
            to = SCRATCH.get();
        } else if (payload.length < length) {
            to = new byte[length];
            System.arraycopy(payload, 0, to, 0, payloadFill);
            payload = to;
        }
        in.readBytes(to, payloadFill, n);
        payloadFill += n;
        if (payloadFill < length) {
            return false;
        }
        payloadFill = 0;
        inFrame = false;
        payload = NOTHING;
        sink.onFrame(type, flags, streamId, to, length);
        return true;
    }
}
