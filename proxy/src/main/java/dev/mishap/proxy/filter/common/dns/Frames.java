package dev.mishap.proxy.filter.common.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Takes messages out of a stream, each with its length in two bytes before it (RFC 1035 §4.2.2). Confined to a loop. */
final class Frames {
    private static final int LENGTH = 2;

    /** The beginning of a message whose end has not come. Owned. */
    private @Nullable ByteBuf rest;

    private boolean closed;

    /**
     * Hands out every message that is complete.
     *
     * @param message borrows the message
     * @return false when a message of no bytes shows that this is no DNS
     */
    boolean read(ByteBufAllocator alloc, ByteBuf transferred, Consumer<ByteBuf> message) {
        ByteBuf all = transferred;
        ByteBuf before = rest;
        if (before != null) {
            before.writeBytes(transferred); // makes room for no more than one message and what came with it
            transferred.release();
            all = before;
            rest = null;
        }
        boolean keep = false;
        try {
            boolean whole = false;
            while (all.readableBytes() >= LENGTH) {
                int length = all.getUnsignedShort(all.readerIndex());
                if (length == 0) {
                    return false;
                }
                if (all.readableBytes() < LENGTH + length) {
                    break;
                }
                all.skipBytes(LENGTH);
                message.accept(all.readSlice(length));
                whole = true;
            }
            if (all.isReadable() && !closed) {
                keep = all == before && !whole;
                rest = keep ? all : copy(alloc, all);
            }
        } finally {
            if (!keep) {
                all.release();
            }
        }
        return true;
    }

    /** What comes in a socket's large buffer is not to hold it. */
    private static ByteBuf copy(ByteBufAllocator alloc, ByteBuf bytes) {
        return alloc.buffer(Math.max(512, bytes.readableBytes())).writeBytes(bytes);
    }

    void close() {
        closed = true;
        ByteBuf left = rest;
        rest = null;
        if (left != null) {
            left.release();
        }
    }
}
