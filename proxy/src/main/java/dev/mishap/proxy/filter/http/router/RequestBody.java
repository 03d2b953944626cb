package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.upstream.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * What has come of one request beside its headers: goes on to the tries, and is kept while it waits for a connection or another
 * try may need it. Owns the buffers that it keeps.
 */
final class RequestBody {
    /** Bytes that wait for a connection before the client is told to stop. */
    private static final long MAX_WAITING = 256 << 10;

    private final HttpStream stream;
    private final long limit;
    private final BodyBuffer kept = new BodyBuffer();
    private @Nullable HeaderMap trailers;
    private boolean ended;
    private long endNanos;
    private boolean paused;
    /** It may have to be sent again. */
    private boolean keep;

    RequestBody(HttpStream stream, long limit) {
        this.stream = stream;
        this.limit = limit;
    }

    /** Whether the request was received to its end. */
    boolean ended() {
        return ended;
    }

    /** When it was. */
    long endNanos() {
        return endNanos;
    }

    void end() {
        ended = true;
        endNanos = System.nanoTime();
    }

    void end(HeaderMap received) {
        trailers = received;
        end();
    }

    /** From now on everything is kept, until {@link #forget}. */
    void keep() {
        keep = true;
    }

    boolean isKept() {
        return keep;
    }

    /** Whether {@code more} bytes are more than may be kept. */
    boolean overflows(int more) {
        return keep && kept.bytes() + more > Math.min(stream.bufferLimit(), limit);
    }

    /** No other try will need it; what still waits for a connection stays. */
    void keepNoMore(boolean waiting) {
        keep = false;
        if (!waiting) {
            kept.clear();
        }
    }

    /** It is not sent again, and nothing waits. */
    void forget() {
        if (keep) {
            keep = false;
            kept.clear();
        }
    }

    void clear() {
        kept.clear();
    }

    /** All of a request that has ended and was kept, in one buffer that is the caller's; null when it has no body. */
    @Nullable
    ByteBuf copy() {
        int parts = kept.parts();
        if (parts == 0) {
            return null;
        }
        ByteBuf[] all = new ByteBuf[parts];
        for (int i = 0; i < parts; i++) {
            all[i] = kept.copy(i);
        }
        return Unpooled.wrappedBuffer(all);
    }

    /** Another piece, which is {@code borrowed}; {@code waiting} when there is no connection to send it on. */
    void add(ByteBuf borrowed, boolean waiting) {
        if (!keep && !waiting) {
            return;
        }
        kept.add(borrowed.retainedDuplicate());
        if (waiting && kept.bytes() > MAX_WAITING && !paused) {
            paused = true;
            stream.pauseRequestReads();
        }
    }

    /** Sends the headers and all that has come so far. */
    void sendAll(Attempt a, UpstreamStream to) {
        to.sendHeaders(stream.requestHeaders(), ended && kept.parts() == 0 && trailers == null);
        sendRest(a);
    }

    /** Sends the headers alone; the rest waits for {@link #sendRest}. */
    void sendHeaders(UpstreamStream to) {
        to.sendHeaders(stream.requestHeaders(), false);
    }

    /** Sends what has come while the tunnel was not open yet, be it only the end. */
    void sendToTunnel(Attempt a) {
        if (ended && kept.parts() == 0 && trailers == null) {
            a.send(Unpooled.EMPTY_BUFFER, true);
        }
        sendRest(a);
    }

    /** Sends all that has come so far but the headers. */
    void sendRest(Attempt a) {
        int parts = kept.parts();
        HeaderMap tail = trailers;
        for (int i = 0; i < kept.parts(); i++) { // none are left once a filter on the way has answered
            a.send(kept.copy(i), ended && tail == null && i == parts - 1);
        }
        if (!keep) {
            kept.clear();
        }
        if (tail != null) {
            a.sendTrailers(tail);
        }
        sent();
        if (paused) {
            paused = false;
            stream.resumeRequestReads();
        }
    }

    /** Something was sent. */
    void sent() {
        if (ended) {
            stream.info().upstreamLastTxNanos = System.nanoTime();
        }
    }
}
