package dev.mishap.proxy.filter.http;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lets the body of one response through at a rate: a token bucket with one token every 50 ms, each worth that time's bytes.
 * It starts with one token, so that a body of one slice passes at once, and never holds more than a second's. What waits is
 * bounded by asking the response's source to stop. Confined to the stream's loop; the owner calls {@link #close}.
 */
public final class ResponseRateLimiter {
    private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int SLICES_PER_SECOND = 20;
    private static final int HIGH_WATERMARK = 64 * 1024;

    private final HttpStream stream;
    private final HttpFilter filter;
    private int sliceBytes;
    private boolean lifted;
    private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private int tokens = 1;
    private long lastTokenNanos;
    private boolean started;
    private boolean endAfterData;
    private boolean trailersWait;
    private boolean sourcePaused;
    private boolean closed;
    private @Nullable Future<?> timer;

    /** A limiter for the response of {@code stream}; {@code filter} is the one that owns it, {@code bytesPerSecond} at least 1. */
    public ResponseRateLimiter(HttpStream stream, HttpFilter filter, long bytesPerSecond) {
        this.stream = stream;
        this.filter = filter;
        this.sliceBytes = (int) Math.max(1, Math.min(bytesPerSecond / SLICES_PER_SECOND, Integer.MAX_VALUE / 2));
    }

    /** For the owner's {@link HttpFilter#onResponseData}. */
    public Flow onData(ByteBuf borrowed, boolean endStream) {
        long now = now();
        if (!started) {
            started = true;
            lastTokenNanos = now;
        }
        refill(now);
        if (lifted && waitingBytes == 0) {
            return Flow.CONTINUE;
        }
        int bytes = borrowed.readableBytes();
        if (waitingBytes == 0 && bytes <= (long) tokens * sliceBytes) {
            tokens -= slices(bytes);
            return Flow.CONTINUE;
        }
        endAfterData = endStream;
        if (bytes > 0) {
            waiting.add(borrowed.retain());
            waitingBytes += bytes;
        }
        if (!sourcePaused && waitingBytes >= HIGH_WATERMARK) {
            sourcePaused = true;
            stream.pauseResponseReads();
        }
        if (timer == null) {
            send();
        }
        return Flow.TAKEN;
    }

    /** For the owner's {@link HttpFilter#onResponseTrailers}: they go after the data. */
    public Flow onTrailers() {
        if (waitingBytes == 0) {
            return Flow.CONTINUE;
        }
        trailersWait = true;
        return Flow.PAUSE;
    }

    /** Ends the limit: what waits goes out at once, and what comes passes. */
    public void lift() {
        if (closed || lifted) {
            return;
        }
        lifted = true;
        sliceBytes = Integer.MAX_VALUE / 2;
        tokens = SLICES_PER_SECOND;
        Future<?> t = timer;
        if (t != null) {
            t.cancel(false);
        }
        send();
    }

    /** Whether there are bytes that have not been sent. */
    public boolean isWaiting() {
        return waitingBytes > 0;
    }

    /** Forgets what waits, when the stream is over. */
    public void close() {
        closed = true;
        Future<?> t = timer;
        if (t != null) {
            t.cancel(false);
            timer = null;
        }
        for (ByteBuf buffer : waiting) {
            buffer.release();
        }
        waiting.clear();
        waitingBytes = 0;
    }

    private void send() {
        timer = null;
        refill(now());
        // Sending may end the stream and so close this limiter, hence the check in every turn.
        while (!closed && tokens > 0 && waitingBytes > 0) {
            ByteBuf next = waiting.element();
            int bytes = (int) Math.min(next.readableBytes(), (long) tokens * sliceBytes);
            ByteBuf out = next.readableBytes() == bytes ? waiting.remove() : next.readRetainedSlice(bytes);
            tokens -= lifted ? 0 : slices(bytes);
            waitingBytes -= bytes;
            stream.injectResponseData(filter, out, waitingBytes == 0 && endAfterData);
        }
        if (closed) {
            return;
        }
        if (sourcePaused && waitingBytes < HIGH_WATERMARK / 2) {
            sourcePaused = false;
            stream.resumeResponseReads();
        }
        if (closed) {
            return;
        }
        if (waitingBytes > 0) {
            if (timer == null) {
                long delay = Math.max(0, lastTokenNanos + SLICE_NANOS - now());
                timer = stream.loop().schedule(this::send, delay, TimeUnit.NANOSECONDS);
            }
        } else if (trailersWait) {
            trailersWait = false;
            stream.resumeResponse(filter);
        }
    }

    private int slices(int bytes) {
        return (int) (((long) bytes + sliceBytes - 1) / sliceBytes);
    }

    private void refill(long now) {
        long intervals = (now - lastTokenNanos) / SLICE_NANOS;
        if (intervals > 0) {
            tokens = (int) Math.min(SLICES_PER_SECOND, tokens + intervals);
            lastTokenNanos += intervals * SLICE_NANOS;
        }
    }

    private long now() {
        return stream.nanoTime();
    }
}
