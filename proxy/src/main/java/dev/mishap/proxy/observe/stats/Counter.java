package dev.mishap.proxy.observe.stats;

import java.util.concurrent.atomic.LongAdder;

/** A number that only grows. Cheap from any thread. */
public final class Counter {
    private final String name;
    private final LongAdder value = new LongAdder();
    private volatile boolean wasReset;
    private long latched;

    Counter(String name) {
        this.name = name;
    }

    public void inc() {
        value.increment();
    }

    public void add(long n) {
        value.add(n);
    }

    public long value() {
        return value.sum();
    }

    /** Sets the counter to 0, for {@code POST /reset_counters}. */
    void reset() {
        if (value.sumThenReset() != 0) {
            wasReset = true;
        }
    }

    /** What was added since the last call; called by the one thread that flushes stats. */
    long latch() {
        long now = value.sum();
        long delta = now < latched ? now : now - latched; // less than before: it was reset
        latched = now;
        return delta;
    }

    public String name() {
        return name;
    }

    /** Whether the counter was ever above 0. */
    boolean used() {
        return wasReset || value.sum() != 0;
    }
}
