package dev.mishap.proxy.observe.stats;

import java.util.concurrent.atomic.LongAdder;

/** A number that goes up and down. Cheap from any thread; {@link #set} is for gauges that have one writer. */
public final class Gauge {
    private final String name;
    private final LongAdder value = new LongAdder();
    /** Whether anyone ever wrote the gauge; {@code ?usedonly} asks, and a gauge that came back to 0 is still in use. */
    private volatile boolean used;

    Gauge(String name) {
        this.name = name;
    }

    public void inc() {
        add(1);
    }

    public void dec() {
        add(-1);
    }

    public void add(long n) {
        if (!used) {
            used = true;
        }
        value.add(n);
    }

    /** Marks the gauge as used, though its value stays. */
    public void touch() {
        if (!used) {
            used = true;
        }
    }

    /** Sets the value; only for gauges with a single writer, since it is not atomic with other updates. */
    public void set(long n) {
        add(n - value.sum());
    }

    public long value() {
        return value.sum();
    }

    public String name() {
        return name;
    }

    boolean used() {
        return used;
    }
}
