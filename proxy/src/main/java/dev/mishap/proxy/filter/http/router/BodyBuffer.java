package dev.mishap.proxy.filter.http.router;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/** Parts of a request's body that were received and are to be sent, or sent again. Owns its buffers. */
final class BodyBuffer {
    private final List<ByteBuf> parts = new ArrayList<>();
    private long bytes;

    void add(ByteBuf transferred) {
        bytes += transferred.readableBytes();
        parts.add(transferred);
    }

    long bytes() {
        return bytes;
    }

    int parts() {
        return parts.size();
    }

    /** A part to be sent, which is the caller's; the buffer keeps its own reference. */
    ByteBuf copy(int index) {
        return parts.get(index).retainedDuplicate();
    }

    void clear() {
        for (ByteBuf part : parts) {
            part.release();
        }
        parts.clear();
        bytes = 0;
    }
}
