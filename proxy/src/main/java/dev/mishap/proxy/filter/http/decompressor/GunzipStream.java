package dev.mishap.proxy.filter.http.decompressor;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads one gzip stream (RFC 1952), piece by piece. What is no gzip is swallowed, and what grows beyond all measure, too. Holds memory outside the heap until {@link #close}.
 */
final class GunzipStream {
    private static final int FHCRC = 2;
    private static final int FEXTRA = 4;
    private static final int FNAME = 8;
    private static final int FCOMMENT = 16;

    private enum State {
        FIXED_HEADER,
        EXTRA_LENGTH,
        EXTRA,
        NAME,
        COMMENT,
        HEADER_CRC,
        BODY,
        /** The checksum, which nobody waits for, and anything behind it. */
        AFTER,
        BROKEN
    }

    private final Inflater inflater = new Inflater(true);
    private final int chunkSize;
    private final long maxRatio;
    private final ByteBuf header;
    private State state = State.FIXED_HEADER;
    private int flags;
    private int extra;
    private long given;

    /** @param maxRatio of what comes out to what went in */
    GunzipStream(int chunkSize, long maxRatio, ByteBufAllocator alloc) {
        this.chunkSize = chunkSize;
        this.maxRatio = maxRatio;
        this.header = alloc.heapBuffer(10);
    }

    /** Appends what {@code borrowed} holds to {@code out}; false when it is not what it should be; of what is no gzip, once. */
    boolean read(ByteBuf borrowed, ByteBuf out) {
        ByteBuf in = borrowed.duplicate();
        given += in.readableBytes();
        while (in.isReadable() && state.ordinal() < State.BODY.ordinal()) {
            if (!readHeader(in)) {
                state = State.BROKEN;
                return false;
            }
        }
        if (state == State.BODY && in.isReadable()) {
            for (ByteBuffer piece : in.nioBuffers()) {
                if (!inflate(piece, out)) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean readHeader(ByteBuf in) {
        int b = in.readUnsignedByte();
        header.writeByte(b);
        int n = header.readableBytes();
        switch (state) {
            case FIXED_HEADER -> {
                if (n == 1 && b != 0x1f || n == 2 && b != 0x8b || n == 3 && b != 8) {
                    return false;
                }
                if (n == 4) {
                    flags = b;
                }
                if (n == 10) {
                    next(State.FIXED_HEADER);
                }
            }
            case EXTRA_LENGTH -> {
                if (n == 2) {
                    extra = header.getUnsignedShortLE(0);
                    next(extra == 0 ? State.EXTRA : State.EXTRA_LENGTH);
                }
            }
            case EXTRA -> {
                if (n == extra) {
                    next(State.EXTRA);
                }
            }
            case NAME, COMMENT -> {
                if (b == 0) {
                    next(state);
                } else {
                    header.clear();
                }
            }
            default -> {
                if (n == 2) {
                    next(State.HEADER_CRC);
                }
            }
        }
        return true;
    }

    /** Goes on to the part of the header after {@code done} that the flags announce. */
    private void next(State done) {
        header.clear();
        if (done == State.EXTRA_LENGTH) {
            state = State.EXTRA;
        } else if (done.ordinal() < State.EXTRA_LENGTH.ordinal() && (flags & FEXTRA) != 0) {
            state = State.EXTRA_LENGTH;
        } else if (done.ordinal() < State.NAME.ordinal() && (flags & FNAME) != 0) {
            state = State.NAME;
        } else if (done.ordinal() < State.COMMENT.ordinal() && (flags & FCOMMENT) != 0) {
            state = State.COMMENT;
        } else if (done.ordinal() < State.HEADER_CRC.ordinal() && (flags & FHCRC) != 0) {
            state = State.HEADER_CRC;
        } else {
            state = State.BODY;
        }
    }

    /** Whole chunks are held against the ratio, as Envoy does it: what is beyond it is dropped, and the next piece has its chance. */
    private boolean inflate(ByteBuffer piece, ByteBuf out) {
        inflater.setInput(piece);
        try {
            while (!inflater.finished()) {
                out.ensureWritable(chunkSize);
                int n = inflater.inflate(out.nioBuffer(out.writerIndex(), chunkSize));
                out.writerIndex(out.writerIndex() + n);
                if (inflater.needsDictionary()) {
                    state = State.BROKEN;
                    return false;
                }
                if (n < chunkSize) {
                    if (inflater.needsInput()) {
                        return true;
                    }
                } else if (inflater.getBytesWritten() > given * maxRatio) {
                    return false;
                }
            }
        } catch (DataFormatException e) {
            state = State.BROKEN;
            return false;
        }
        state = State.AFTER;
        return true;
    }

    void close() {
        inflater.end();
        header.release();
    }
}
