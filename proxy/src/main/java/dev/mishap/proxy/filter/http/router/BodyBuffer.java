package dev.mishap.proxy.filter.http.router;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Parts of a request's body that were received and are to be sent, or sent again. Owns its buffers. */
final class BodyBuffer {
    /** Null = there was none: most requests have no body. */
    private @Nullable List<ByteBuf> parts;

    private long bytes;

    void add(ByteBuf transferred) {
        bytes += transferred.readableBytes();
        List<ByteBuf> all = parts;
        if (all == null) {
            all = new ArrayList<>();
            parts = all;
        }
        all.add(transferred);
    }

    long bytes() {
        return bytes;
    }

    int parts() {
        return parts == null ? 0 : parts.size();
    }

    /** A part to be sent, which is the caller's; the buffer keeps its own reference. */
    ByteBuf copy(int index) {
        assert parts != null;
        return parts.get(index).retainedDuplicate();
    }

    void clear() {
        List<ByteBuf> all = parts;
        if (all == null) {
            return;
        }
        for (ByteBuf part : all) {
            part.release();
        }
        all.clear();
        bytes = 0;
    }
}
