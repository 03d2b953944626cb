package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.filter.http.ResponseRateLimiter;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.rules.fault.Reset;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Breaks one response in its middle: after its headers, or after so many bytes of its body. A response without a body, or with a
 * shorter one, passes. Confined to the stream's loop; the owner calls {@link #close}.
 */
final class ResponseReset {
    private final HttpStream stream;
    private final HttpFilter filter;
    private final Reset reset;
    private final @Nullable ResponseRateLimiter limiter;
    private final Runnable onReset;
    private long rest;
    private boolean reached;
    private boolean closed;
    private @Nullable Future<?> timer;

    /**
     * A reset to come.
     *
     * @param filter the one that owns it
     * @param limiter slows the same body; what passes here goes through it
     * @param onReset told when it happens
     */
    ResponseReset(
            HttpStream stream,
            HttpFilter filter,
            Reset reset,
            @Nullable ResponseRateLimiter limiter,
            Runnable onReset) {
        this.stream = stream;
        this.filter = filter;
        this.reset = reset;
        this.limiter = limiter;
        this.onReset = onReset;
        this.rest = reset.bodyBytes();
    }

    /** The headers are on their way, and a body follows. */
    void onHeaders() {
        if (reset.point() == Reset.Point.HEADERS) {
            reached = true;
            // Not from here: the headers are not written yet.
            stream.loop().execute(this::whenSent);
        }
    }

    /** For the owner's {@link HttpFilter#onResponseData}. */
    Flow onData(ByteBuf borrowed, boolean endStream) {
        if (reached) {
            return Flow.TAKEN;
        }
        int bytes = borrowed.readableBytes();
        if (bytes < rest) {
            rest -= bytes;
            return limiter == null ? Flow.CONTINUE : limiter.onData(borrowed, endStream);
        }
        reached = true;
        pass(borrowed.readRetainedSlice((int) rest));
        whenSent();
        return Flow.TAKEN;
    }

    private void pass(ByteBuf transferred) {
        Flow flow = limiter == null ? Flow.CONTINUE : limiter.onData(transferred, false);
        if (flow == Flow.CONTINUE) {
            stream.injectResponseData(filter, transferred, false);
        } else {
            transferred.release();
        }
    }

    /** For the owner's {@link HttpFilter#onResponseTrailers}. */
    boolean isReached() {
        return reached;
    }

    private void whenSent() {
        timer = null;
        if (closed) {
            return;
        }
        if (limiter != null && limiter.isWaiting()) {
            timer = stream.loop().schedule(this::whenSent, 1, TimeUnit.MILLISECONDS);
        } else {
            onReset.run();
            stream.resetDownstream(RulesFilter.RESET_DETAILS, reset.code(), reset.goAway());
        }
    }

    void close() {
        closed = true;
        Future<?> t = timer;
        if (t != null) {
            t.cancel(false);
        }
    }
}
