package dev.mishap.proxy.filter.common;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A token bucket that fills steadily, {@code tokensPerFill} in every {@code fillInterval}, and starts full. Lock-free, for all
 * workers: its only state is the moment at which it would have been empty.
 */
public final class TokenBucket {
    /** Times are doubles, and a bucket is not to lack a token for a rounded bit. */
    private static final double ROUNDING = 1e-6;

    private final long maxTokens;
    private final double tokensPerSecond;
    private final long startNanos;
    /** Seconds since the start, as bits of a double. */
    private final AtomicLong emptyAt;

    /** Leaves {@code tokens} in the bucket, whatever it held. */
    public void reset(long tokens, long nowNanos) {
        emptyAt.set(Double.doubleToRawLongBits(seconds(nowNanos) - tokens / tokensPerSecond));
    }

    /**
     * A bucket that is full.
     *
     * @param maxTokens 0 or more
     * @param tokensPerFill 1 or more
     * @param fillNanos more than 0
     * @param nowNanos as of the clock that {@link #consume} is called with
     */
    public TokenBucket(long maxTokens, long tokensPerFill, long fillNanos, long nowNanos) {
        this.maxTokens = maxTokens;
        this.tokensPerSecond = tokensPerFill * 1e9 / fillNanos;
        this.startNanos = nowNanos;
        this.emptyAt = new AtomicLong(Double.doubleToRawLongBits(-maxTokens / tokensPerSecond));
    }

    /** Takes {@code tokens}, all or none. */
    public boolean consume(long tokens, long nowNanos) {
        double now = seconds(nowNanos);
        while (true) {
            long bits = emptyAt.get();
            double held = held(bits, now);
            if (held + ROUNDING < tokens) {
                return false;
            }
            double after = now - (held - tokens) / tokensPerSecond;
            if (emptyAt.compareAndSet(bits, Double.doubleToRawLongBits(after))) {
                return true;
            }
        }
    }

    /** Takes as many tokens as there are, at most {@code most}; returns how many it took. */
    public long takeUpTo(long most, long nowNanos) {
        double now = seconds(nowNanos);
        while (true) {
            long bits = emptyAt.get();
            double held = held(bits, now);
            long taken = Math.min(most, (long) (held + ROUNDING));
            if (taken <= 0) {
                return 0;
            }
            double after = now - (held - taken) / tokensPerSecond;
            if (emptyAt.compareAndSet(bits, Double.doubleToRawLongBits(after))) {
                return taken;
            }
        }
    }

    public long maxTokens() {
        return maxTokens;
    }

    public double tokensPerSecond() {
        return tokensPerSecond;
    }

    /** Whole tokens that are there. */
    public long remaining(long nowNanos) {
        return (long) (held(emptyAt.get(), seconds(nowNanos)) + ROUNDING);
    }

    /** Seconds until there is a token, rounded up; 0 when there is one. */
    public long secondsToNext(long nowNanos) {
        double held = held(emptyAt.get(), seconds(nowNanos));
        return held + ROUNDING >= 1 ? 0 : (long) Math.ceil((1 - held) / tokensPerSecond);
    }

    private double held(long bits, double now) {
        return Math.max(0, Math.min(maxTokens, (now - Double.longBitsToDouble(bits)) * tokensPerSecond));
    }

    private double seconds(long nowNanos) {
        return (nowNanos - startNanos) / 1e9;
    }
}
