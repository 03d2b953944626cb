package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.InvalidValues;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Forwards one request: picks the cluster and an endpoint, sends the request on a pooled connection, passes the response
 * back; tries again, gives up in time, and sends copies, as the route says. One a stream, confined to its loop.
 *
 * <p>This is the chain's side of it. {@link RequestSetup} finds what to do, {@link Tries} does it, {@link RequestBody} holds
 * what has come of the request, and {@link ResponsePath} makes the response.
 *
 * <p>The body goes on as it comes. It is kept besides while another try may need it, up to {@link HttpStream#bufferLimit} bytes; a longer
 * one is sent once and not tried again.
 */
final class RouterFilter implements HttpFilter, HttpStream.WatermarkListener {
    private final RouterConfig config;
    /** Null for a request that is not forwarded. */
    private @Nullable Tries tries;

    private @Nullable Mirrors mirrors;

    RouterFilter(RouterConfig config) {
        this.config = config;
    }

    @Override
    public Flow onRequestHeaders(HttpStream to, HeaderMap headers, boolean endStream) {
        Call call = RequestSetup.of(config, to, headers);
        if (call == null) {
            return Flow.PAUSE;
        }
        Tries t = new Tries(call, new RequestBody(to, call.action().bufferLimit()));
        tries = t;
        t.start(headers, endStream);
        if (InvalidValues.check(to, headers) == Flow.PAUSE) {
            return Flow.PAUSE;
        }
        to.responseWatermark(this);
        mirrors = Mirrors.start(call, headers, endStream);
        t.startTry();
        return Flow.CONTINUE;
    }

    @Override
    public Flow onRequestData(HttpStream from, ByteBuf borrowed, boolean endStream) {
        Tries t = tries;
        if (t != null && !t.over()) {
            if (mirrors != null) {
                mirrors.data(borrowed, endStream);
            }
            t.data(borrowed, endStream);
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onRequestTrailers(HttpStream from, HeaderMap received) {
        Tries t = tries;
        if (t != null && !t.over()) {
            t.trailers(received);
            if (mirrors != null) {
                mirrors.trailers();
            }
        }
        return Flow.CONTINUE;
    }

    @Override
    public void aboveHighWatermark() {
        if (tries != null) {
            tries.pauseResponse();
        }
    }

    @Override
    public void belowLowWatermark() {
        if (tries != null) {
            tries.resumeResponse();
        }
    }

    @Override
    public void onStreamEnd(HttpStream from) {
        if (tries != null) {
            tries.close();
        }
        if (mirrors != null) {
            mirrors.requestOver();
        }
    }
}
