package dev.mishap.proxy.observe.stats;

/** A distribution of whole numbers. Cheap from any thread. */
public interface Histogram {
    /** What the recorded numbers are. */
    enum Unit {
        UNSPECIFIED,
        BYTES,
        MICROSECONDS,
        MILLISECONDS,
        PERCENT
    }

    void record(long value);

    String name();
}
