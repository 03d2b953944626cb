package dev.mishap.proxy.observe.stats;

import java.util.concurrent.atomic.LongAdder;

/** A number that goes up and down. Cheap from any thread; {@link #set} is for gauges that have one writer. */
public final class Gauge {
    private final String name;
    private final LongAdder value = new LongAdder();

    Gauge(String name) {
        this.name = name;
    }

    public void inc() {
        value.increment();
    }

    public void dec() {
        value.decrement();
    }

    public void add(long n) {
        value.add(n);
    }

    /** Sets the value; only for gauges with a single writer, since it is not atomic with other updates. */
    public void set(long n) {
        value.add(n - value.sum());
    }

    public long value() {
        return value.sum();
    }

    public String name() {
        return name;
    }
}
