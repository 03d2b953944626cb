package dev.mishap.proxy.http;

import io.netty.buffer.ByteBuf;
import java.net.SocketAddress;

/**
 * One filter of one stream. A filter sees the request in chain order and the response in reverse. All methods are called on
 * the stream's event loop. {@link #onStreamEnd} is called exactly once whatever happened; timers and buffers end there.
 *
 * <p>Data buffers are <em>borrowed</em>: on {@link Flow#CONTINUE} the stream passes the same buffer on, on {@link Flow#PAUSE}
 * it keeps it; a filter that answers {@link Flow#TAKEN} has retained what it needs, and the stream releases its own reference.
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

    /**
     * Of a filter on the way upstream: says who will get the request, before anything else and before a connection is asked for. PAUSE when
     * the filter has answered the request.
     */
    default Flow onUpstreamHost(HttpStream stream, SocketAddress host) {
        return Flow.CONTINUE;
    }

    /** Called once when the stream is over, in whatever way; releases what the filter holds. */
    default void onStreamEnd(HttpStream stream) {}
}
