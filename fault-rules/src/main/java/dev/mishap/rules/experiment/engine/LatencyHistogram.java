package dev.mishap.rules.experiment.engine;

import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * How many requests ended within which latency: cumulative counts per bucket, as an observer reports them. Two readings are subtracted to
 * get what happened in between. Immutable; the arrays are copied in.
 */
public final class LatencyHistogram {
    /** No bounds and no requests: the neutral element of {@link #plus}. */
    public static final LatencyHistogram EMPTY = new LatencyHistogram(new long[0], new long[1]);

    private final long[] boundsMicros;
    private final long[] counts;

    /**
     * @param boundsMicros upper bounds of the buckets in microseconds, ascending
     * @param counts requests per bucket, one more than there are bounds; the last is what lies above all bounds
     */
    public LatencyHistogram(long[] boundsMicros, long[] counts) {
        if (counts.length != boundsMicros.length + 1) {
            throw new IllegalArgumentException("a latency histogram needs one count more than bounds, got "
                    + counts.length + " counts and " + boundsMicros.length + " bounds");
        }
        for (int i = 1; i < boundsMicros.length; i++) {
            if (boundsMicros[i] <= boundsMicros[i - 1]) {
                throw new IllegalArgumentException(
                        "bounds of a latency histogram must ascend, got " + Arrays.toString(boundsMicros));
            }
        }
        this.boundsMicros = boundsMicros.clone();
        this.counts = counts.clone();
    }

    /** Requests in all buckets. */
    public long total() {
        long sum = 0;
        for (long count : counts) {
            sum += count;
        }
        return sum;
    }

    /** The sum of two histograms of the same bounds (or of {@link #EMPTY} and any). */
    public LatencyHistogram plus(LatencyHistogram other) {
        return combined(other, 1);
    }

    /** What was counted since {@code earlier}, a former reading of the same histogram. */
    public LatencyHistogram minus(LatencyHistogram earlier) {
        return combined(earlier, -1);
    }

    private LatencyHistogram combined(LatencyHistogram other, int sign) {
        if (other.boundsMicros.length == 0 && other.total() == 0) {
            return this;
        }
        if (boundsMicros.length == 0 && total() == 0 && sign > 0) {
            return other;
        }
        if (!Arrays.equals(boundsMicros, other.boundsMicros)) {
            throw new IllegalArgumentException(
                    "latency histograms of different bounds cannot be combined: the proxies are of different versions");
        }
        long[] sums = new long[counts.length];
        for (int i = 0; i < sums.length; i++) {
            sums[i] = Math.max(0, counts[i] + sign * other.counts[i]);
        }
        return new LatencyHistogram(boundsMicros, sums);
    }

    /**
     * The latency that the share {@code quantile} of the requests did not exceed, interpolated within its bucket; empty without requests. In
     * the bucket above all bounds it is the last bound, so a lower limit of the truth.
     *
     * @param quantile 0..1
     */
    public OptionalDouble quantileMicros(double quantile) {
        long total = total();
        if (total == 0) {
            return OptionalDouble.empty();
        }
        double rank = quantile * total;
        long below = 0;
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0 && below + counts[i] >= rank) {
                double lower = i == 0 ? 0 : boundsMicros[i - 1];
                if (i == boundsMicros.length) {
                    return OptionalDouble.of(lower);
                }
                double within = Math.max(0, rank - below) / counts[i];
                return OptionalDouble.of(lower + within * (boundsMicros[i] - lower));
            }
            below += counts[i];
        }
        return OptionalDouble.of(boundsMicros.length == 0 ? 0 : boundsMicros[boundsMicros.length - 1]);
    }

    /** Requests that certainly took longer than {@code micros}: those of the buckets that begin at or above it. */
    long certainlyAbove(double micros) {
        long sum = 0;
        for (int i = 1; i < counts.length; i++) {
            if (boundsMicros[i - 1] >= micros) {
                sum += counts[i];
            }
        }
        return sum;
    }

    /** With {@code count} more requests in the bucket that {@code micros} falls into. */
    LatencyHistogram with(long count, double micros) {
        int bucket = 0;
        while (bucket < boundsMicros.length && boundsMicros[bucket] <= micros) {
            bucket++;
        }
        long[] more = counts.clone();
        more[bucket] += count;
        return new LatencyHistogram(boundsMicros, more);
    }

    /** Without the {@code count} slowest requests. */
    LatencyHistogram withoutLast(long count) {
        long[] fewer = counts.clone();
        long left = count;
        for (int i = fewer.length - 1; i >= 0; i--) {
            long gone = Math.min(left, fewer[i]);
            fewer[i] -= gone;
            left -= gone;
        }
        return new LatencyHistogram(boundsMicros, fewer);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LatencyHistogram that
                && Arrays.equals(boundsMicros, that.boundsMicros)
                && Arrays.equals(counts, that.counts);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(boundsMicros) + Arrays.hashCode(counts);
    }

    @Override
    public String toString() {
        return "LatencyHistogram" + Arrays.toString(boundsMicros) + Arrays.toString(counts);
    }
}
