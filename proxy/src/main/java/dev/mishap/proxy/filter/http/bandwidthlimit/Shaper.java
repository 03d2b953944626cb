package dev.mishap.proxy.filter.http.bandwidthlimit;

import dev.mishap.proxy.filter.common.TokenBucket;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lets the body of one direction of a stream pass as far as there are tokens. What waits is bounded by asking its sender to stop.
 * Confined to the stream's loop; the owner calls {@link #close}.
 */
abstract class Shaper {
    private static final int HIGH_WATERMARK = 64 * 1024;

    final HttpStream stream;
    final HttpFilter filter;
    private final TokenBucket bucket;
    private final BandwidthLimitConfig config;
    private final BandwidthLimitStats.Direction stats;
    private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private boolean endAfterData;
    private boolean trailersWait;
    private boolean senderPaused;
    private boolean started;
    private boolean finished;
    private boolean closed;
    private long startNanos;
    private long delayNanos;
    private long durationNanos;
    private @Nullable Future<?> timer;

    Shaper(
            HttpStream stream,
            HttpFilter filter,
            TokenBucket bucket,
            BandwidthLimitConfig config,
            BandwidthLimitStats.Direction stats) {
        this.stream = stream;
        this.filter = filter;
        this.bucket = bucket;
        this.config = config;
        this.stats = stats;
    }

    /** Sends bytes on. */
    abstract void inject(ByteBuf transferred, boolean end);

    abstract void resumeTrailers();

    abstract void pauseSender();

    abstract void resumeSender();

    /** All has been sent, or is about to be. */
    void finished() {}

    long delayMillis() {
        return TimeUnit.NANOSECONDS.toMillis(delayNanos);
    }

    long durationMillis() {
        return TimeUnit.NANOSECONDS.toMillis(durationNanos);
    }

    Flow onData(ByteBuf borrowed, boolean end) {
        long now = stream.nanoTime();
        if (!started) {
            started = true;
            startNanos = now;
            config.use(bucket, now);
            stats.pending.inc();
        }
        int bytes = borrowed.readableBytes();
        stats.incomingSize.set(bytes);
        stats.incomingTotalSize.add(bytes);
        endAfterData = end;
        if (waitingBytes == 0 && (bytes == 0 || bucket.consume(bytes, now))) {
            allowed(bytes);
            if (end) {
                finish();
            }
            return Flow.CONTINUE;
        }
        if (bytes > 0) {
            waiting.add(borrowed.retain());
            waitingBytes += bytes;
        }
        if (!senderPaused && waitingBytes >= HIGH_WATERMARK) {
            senderPaused = true;
            pauseSender();
        }
        if (timer == null) {
            send();
        }
        return Flow.TAKEN;
    }

    /** Whether trailers have to wait for the bytes before them. */
    boolean holdTrailers() {
        if (waitingBytes == 0) {
            finish();
            return false;
        }
        trailersWait = true;
        return true;
    }

    private void allowed(long bytes) {
        stats.allowedSize.set(bytes);
        stats.allowedTotalSize.add(bytes);
    }

    private void finish() {
        if (started && !finished) {
            finished = true;
            durationNanos = stream.nanoTime() - startNanos;
            stats.transferDuration.record(durationMillis());
            stats.pending.dec();
            finished();
        }
    }

    private void tick() {
        timer = null;
        delayNanos += config.fillNanos();
        send();
    }

    private void send() {
        long tokens = bucket.takeUpTo(waitingBytes, stream.nanoTime());
        allowed(tokens);
        // Sending may end the stream and so close this shaper, hence the check in every turn.
        while (!closed && tokens > 0) {
            ByteBuf next = waiting.element();
            int bytes = (int) Math.min(next.readableBytes(), tokens);
            ByteBuf out = next.readableBytes() == bytes ? waiting.remove() : next.readRetainedSlice(bytes);
            tokens -= bytes;
            waitingBytes -= bytes;
            boolean last = waitingBytes == 0;
            if (last && (endAfterData || trailersWait)) {
                finish();
            }
            inject(out, last && endAfterData);
        }
        if (!closed && senderPaused && waitingBytes < HIGH_WATERMARK / 2) {
            senderPaused = false;
            resumeSender();
        }
        if (closed) {
            return;
        }
        if (waitingBytes > 0) {
            stats.enforced.inc();
            if (timer == null) {
                timer = stream.loop().schedule(this::tick, config.fillNanos(), TimeUnit.NANOSECONDS);
            }
        } else if (trailersWait) {
            trailersWait = false;
            resumeTrailers();
        }
    }

    void close() {
        closed = true;
        if (started && !finished) {
            finished = true;
            stats.pending.dec();
        }
        Future<?> t = timer;
        if (t != null) {
            t.cancel(false);
            timer = null;
        }
        waiting.forEach(ByteBuf::release);
        waiting.clear();
        waitingBytes = 0;
    }
}
