package dev.mishap.proxy.filter.http.grpchttp1bridge;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Holds the response of a unary call until its trailers are there, and tells in its headers what they say. Where that is configured,
 * a body that is one message of protobuf gets gRPC's prefix on its way up and loses it on its way down.
 */
final class GrpcHttp1BridgeFilter implements HttpFilter {
    private static final String PROTOBUF = "application/x-protobuf";
    private static final String VIA_UPSTREAM = "via_upstream";
    private static final int PREFIX = 5;

    private final boolean upgrades;
    private final boolean dropsQuery;
    private boolean bridges;
    private boolean upgraded;
    /** The message of a request that gets a prefix. */
    private @Nullable ByteBuf message;
    /** The headers of a response that wait for its trailers, and the bytes of its body so far. */
    private @Nullable HeaderMap held;

    private long bytes;
    private int prefixLeft = PREFIX;

    GrpcHttp1BridgeFilter(boolean upgrades, boolean dropsQuery) {
        this.upgrades = upgrades;
        this.dropsQuery = dropsQuery;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        upgraded = upgrades && PROTOBUF.equals(headers.get(HeaderName.CONTENT_TYPE));
        if (upgraded) {
            headers.set(HeaderName.CONTENT_TYPE, "application/grpc");
            headers.remove(HeaderName.CONTENT_LENGTH); // of the message without its prefix
            stream.clearRouteCache();
        }
        String protocol = stream.info().protocol;
        bridges = stream.isGrpcRequest() && protocol != null && protocol.startsWith("HTTP/1");
        String path = headers.get(HeaderName.PATH);
        int query = bridges && dropsQuery && path != null ? path.indexOf('?') : -1;
        if (query >= 0 && path != null) {
            headers.set(HeaderName.PATH, path.substring(0, query));
        }
        if (upgraded && !endStream) {
            message = stream.alloc().buffer().writeZero(PREFIX);
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onRequestData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        ByteBuf all = message;
        if (all == null) {
            return Flow.CONTINUE;
        }
        if (all.readableBytes() + borrowed.readableBytes() > stream.bufferLimit()) {
            stream.closeAfterResponse();
            stream.sendLocalReply(LocalReply.of(413, "Payload Too Large", "request_payload_too_large"));
            return Flow.PAUSE;
        }
        all.writeBytes(borrowed);
        if (endStream) {
            stream.injectRequestData(this, take(all), true);
        }
        return Flow.TAKEN;
    }

    @Override
    public Flow onRequestTrailers(HttpStream stream, HeaderMap trailers) {
        ByteBuf all = message;
        if (all != null) {
            stream.injectRequestData(this, take(all), false);
        }
        return Flow.CONTINUE;
    }

    private ByteBuf take(ByteBuf all) {
        message = null;
        return all.setInt(1, all.readableBytes() - PREFIX);
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (!bridges || endStream) {
            return Flow.CONTINUE;
        }
        if (!VIA_UPSTREAM.equals(stream.info().responseCodeDetails)) {
            prefixLeft = 0; // an answer of ours has no prefix
        }
        held = headers;
        return Flow.HOLD;
    }

    @Override
    public Flow onResponseData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        if (held == null) {
            return Flow.CONTINUE;
        }
        if (upgraded && prefixLeft > 0) {
            int skipped = Math.min(prefixLeft, borrowed.readableBytes());
            prefixLeft -= skipped;
            borrowed.skipBytes(skipped);
        }
        bytes += borrowed.readableBytes();
        if (bytes > stream.bufferLimit()) {
            // What is longer can't be held until its status is known.
            stream.abortResponse("response_payload_too_large");
            return Flow.PAUSE;
        }
        return endStream ? Flow.CONTINUE : Flow.PAUSE;
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        HeaderMap headers = held;
        if (headers == null) {
            return Flow.CONTINUE;
        }
        String status = trailers.get(HeaderName.GRPC_STATUS);
        String text = trailers.get(HeaderName.GRPC_MESSAGE);
        if (!"0".equals(status)) {
            headers.set(HeaderName.STATUS, "503");
        }
        if (status != null) {
            headers.set(HeaderName.GRPC_STATUS, status);
        }
        if (text != null) {
            headers.set(HeaderName.GRPC_MESSAGE, text);
        }
        headers.set(HeaderName.CONTENT_LENGTH, Long.toString(bytes));
        return Flow.CONTINUE;
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        ByteBuf all = message;
        if (all != null) {
            message = null;
            all.release();
        }
    }
}
