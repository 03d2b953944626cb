package dev.mishap.proxy.filter.http.compressor;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Makes one gzip stream. What goes in comes out with the same call, so that a body that is sent slowly arrives as slowly and not at
 * its end. Holds memory outside the heap until {@link #close}.
 */
final class GzipStream {
    private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};

    private final Deflater deflater;
    private final CRC32 crc = new CRC32();
    private final int chunkSize;
    private boolean started;
    private long length;

    GzipStream(GzipConfig config) {
        deflater = new Deflater(config.level(), true);
        deflater.setStrategy(config.strategy());
        chunkSize = config.chunkSize();
    }

    /** The compressed form of {@code borrowed}, and the end of the stream after it when {@code end}; the caller's to release. */
    ByteBuf compress(ByteBuf borrowed, boolean end, ByteBufAllocator alloc) {
        ByteBuf out = alloc.ioBuffer(Math.min(chunkSize, borrowed.readableBytes() + 64));
        if (!started) {
            started = true;
            out.writeBytes(HEADER);
        }
        for (ByteBuffer in : borrowed.nioBuffers()) {
            length += in.remaining();
            crc.update(in.duplicate());
            deflater.setInput(in);
            drain(out, Deflater.NO_FLUSH);
        }
        if (borrowed.isReadable() || !end) {
            drain(out, Deflater.SYNC_FLUSH);
        }
        if (end) {
            deflater.finish();
            drain(out, Deflater.NO_FLUSH);
            out.writeIntLE((int) crc.getValue());
            out.writeIntLE((int) length);
        }
        return out;
    }

    private void drain(ByteBuf out, int flush) {
        int room;
        int n;
        do {
            out.ensureWritable(Math.min(chunkSize, Math.max(64, out.capacity())));
            room = out.writableBytes();
            ByteBuffer target = out.nioBuffer(out.writerIndex(), room);
            n = deflater.deflate(target, flush);
            out.writerIndex(out.writerIndex() + n);
        } while (n == room); // a full buffer may have left something behind
    }

    void close() {
        deflater.end();
    }
}
