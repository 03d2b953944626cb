package dev.mishap.proxy.filter.listener.localratelimit;

import java.util.concurrent.atomic.AtomicLong;

/** Tokens that come back in steps of the fill interval; shared by all loops, free of locks. */
final class ConnectionBucket {
    private final long max;
    private final long perFill;
    private final long fillNanos;
    private final AtomicLong tokens;
    private final AtomicLong filledAt;

    ConnectionBucket(long max, long perFill, long fillNanos, long now) {
        this.max = max;
        this.perFill = perFill;
        this.fillNanos = fillNanos;
        this.tokens = new AtomicLong(max);
        this.filledAt = new AtomicLong(now);
    }

    /** Takes a token, if there is one. */
    boolean take(long now) {
        long last = filledAt.get();
        long fills = (now - last) / fillNanos;
        // Whoever moves the time on fills; the others find it filled, or take what is there.
        if (fills > 0 && filledAt.compareAndSet(last, last + fills * fillNanos)) {
            long more = fills > max ? max : Math.min(max, fills * perFill);
            tokens.updateAndGet(t -> Math.min(max, t + more));
        }
        return tokens.getAndUpdate(t -> t > 0 ? t - 1 : 0) > 0;
    }
}
