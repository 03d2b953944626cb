package dev.mishap.proxy.observe.stats;

import java.util.concurrent.atomic.LongAdder;

/** A number that only grows. Cheap from any thread. */
public final class Counter {
    private final String name;
    private final LongAdder value = new LongAdder();
    private volatile boolean wasReset;

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

    public String name() {
        return name;
    }

    /** Whether the counter was ever above 0. */
    boolean used() {
        return wasReset || value.sum() != 0;
    }
}
