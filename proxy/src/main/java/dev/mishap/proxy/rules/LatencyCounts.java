package dev.mishap.proxy.rules;

import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.LongStream;

/**
 * Counts durations in buckets that widen with the duration: eight for each doubling from 128 µs to 137 s, so that a quantile
 * read from them is at most 1/8 too high. Cheap from any thread.
 */
final class LatencyCounts {
    private static final int FIRST_POWER = 7;
    private static final int LAST_POWER = 27;
    private static final int STEPS = 8;

    /** Upper bounds in µs, inclusive. */
    static final List<Long> BOUNDS_MICROS = bounds();

    private final AtomicLongArray counts = new AtomicLongArray(BOUNDS_MICROS.size() + 1);

    private static List<Long> bounds() {
        LongStream.Builder all = LongStream.builder().add(1L << FIRST_POWER);
        for (int power = FIRST_POWER; power < LAST_POWER; power++) {
            for (int step = 1; step <= STEPS; step++) {
                all.add((1L << power) + (step * (1L << power)) / STEPS);
            }
        }
        return all.build().boxed().toList();
    }

    void record(long micros) {
        counts.getAndIncrement(bucket(micros));
    }

    /** The first bucket whose bound is not under {@code micros}. */
    static int bucket(long micros) {
        if (micros <= 1L << FIRST_POWER) {
            return 0;
        }
        long last = micros - 1; // bounds are inclusive
        int power = 63 - Long.numberOfLeadingZeros(last);
        if (power >= LAST_POWER) {
            return BOUNDS_MICROS.size();
        }
        int step = (int) (last - (1L << power) >>> power - 3);
        return 1 + (power - FIRST_POWER) * STEPS + step;
    }

    /** One more than {@link #BOUNDS_MICROS}; the last counts what is over all bounds. */
    List<Long> counts() {
        return LongStream.range(0, counts.length())
                .map(i -> counts.get((int) i))
                .boxed()
                .toList();
    }
}
