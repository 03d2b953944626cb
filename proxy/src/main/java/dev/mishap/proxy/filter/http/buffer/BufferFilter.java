package dev.mishap.proxy.filter.http.buffer;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.observe.stats.Counter;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Holds a request back until its body is complete, which then has a content-length; answers 413 when it gets too long. */
final class BufferFilter implements HttpFilter {
    private final String name;
    private final int configuredLimit;
    private final @Nullable Counter tooLarge;
    private int limit;
    private long received;

    BufferFilter(String name, int limit, @Nullable Counter tooLarge) {
        this.name = name;
        this.configuredLimit = limit;
        this.tooLarge = tooLarge;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (endStream) {
            return Flow.CONTINUE;
        }
        limit = stream.perFilterConfig(name) instanceof Integer perRoute ? perRoute : configuredLimit;
        if (limit == BufferExtension.OFF) {
            return Flow.CONTINUE;
        }
        stream.raiseRequestBufferLimit(limit);
        return Flow.HOLD;
    }

    @Override
    public Flow onRequestData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        if (limit == BufferExtension.OFF) {
            return Flow.CONTINUE;
        }
        received += borrowed.readableBytes();
        if (received > limit) {
            if (tooLarge != null) {
                tooLarge.inc();
            }
            stream.closeAfterResponse();
            stream.sendLocalReply(LocalReply.of(413, "Payload Too Large", "request_payload_too_large"));
            return Flow.PAUSE;
        }
        if (endStream) {
            complete(stream);
            return Flow.CONTINUE;
        }
        return Flow.PAUSE;
    }

    @Override
    public Flow onRequestTrailers(HttpStream stream, HeaderMap trailers) {
        complete(stream);
        return Flow.CONTINUE;
    }

    private void complete(HttpStream stream) {
        HeaderMap headers = stream.requestHeaders();
        if (limit != BufferExtension.OFF && !headers.contains(HeaderName.CONTENT_LENGTH)) {
            headers.add(HeaderName.CONTENT_LENGTH, Long.toString(received));
            headers.remove(HeaderName.TRANSFER_ENCODING);
        }
    }
}
