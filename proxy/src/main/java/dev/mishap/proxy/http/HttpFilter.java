package dev.mishap.proxy.http;

import io.netty.buffer.ByteBuf;

/**
 * One filter of one stream. A filter sees the request in chain order and the response in reverse. All methods are called on
 * the stream's event loop. {@link #onStreamEnd} is called exactly once whatever happened; timers and buffers end there.
 *
 * <p>Data buffers are <em>transferred</em>: on {@link Flow#CONTINUE} the stream passes the same buffer on; a filter that
 * keeps or replaces the bytes says so by its own means on {@link HttpStream} ({@code injectRequestData},
 * {@code injectResponseData}) after it returned {@link Flow#PAUSE} for a buffer it took over with {@code retain}.
 */
public interface HttpFilter {
    default Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        return Flow.CONTINUE;
    }

    default Flow onRequestData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        return Flow.CONTINUE;
    }

    default Flow onRequestTrailers(HttpStream stream, HeaderMap trailers) {
        return Flow.CONTINUE;
    }

    default Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        return Flow.CONTINUE;
    }

    default Flow onResponseData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        return Flow.CONTINUE;
    }

    default Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        return Flow.CONTINUE;
    }

    /** Called once when the stream is over, in whatever way; releases what the filter holds. */
    default void onStreamEnd(HttpStream stream) {}
}
