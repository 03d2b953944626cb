package dev.mishap.proxy.cluster.outlier;

import java.util.concurrent.atomic.LongAdder;

/** Requests and successful ones of one endpoint in the interval under way and in the last full one. Counted on any loop. */
final class SuccessRate {
    private final LongAdder total = new LongAdder();
    private final LongAdder success = new LongAdder();
    private volatile double lastRate = -1;
    private long lastVolume;

    void count(boolean succeeded) {
        total.increment();
        if (succeeded) {
            success.increment();
        }
    }

    /** An interval ends. Main loop only; what is counted meanwhile may fall into either. */
    void turn() {
        long s = success.sumThenReset();
        lastVolume = total.sumThenReset();
        lastRate = lastVolume == 0 ? -1 : Math.min(100, 100.0 * s / lastVolume);
    }

    double rate() {
        return lastRate;
    }

    long volume() {
        return lastVolume;
    }
}
