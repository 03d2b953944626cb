package dev.mishap.proxy.observe.stats;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A histogram with 90 buckets per power of ten, so that a bucket is known to two decimal digits: 1.0, 1.1 … 9.9, 10, 11 …
 * That is the resolution of Envoy's histograms, and quantiles are taken from the buckets in the same way.
 *
 * <p>Memory is taken one power of ten at a time when a value falls there, so an idle histogram costs next to nothing.
 * Recording is one atomic add. {@link #merge} is called by the one thread that flushes stats.
 */
public final class LogLinearHistogram implements Histogram {
    static final int DECADES = 19;
    static final int PER_DECADE = 90;

    private static final long[] POWERS = new long[DECADES];

    static {
        long p = 1;
        for (int i = 0; i < DECADES; i++) {
            POWERS[i] = p;
            p *= 10;
        }
    }

    private final String name;
    private final Unit unit;
    /** Index 0 counts zeros (one element); index 1 + e counts values of e + 1 digits. Null until the first record. */
    private volatile @Nullable AtomicReferenceArray<AtomicIntegerArray> recent;

    private @Nullable Buckets interval;
    private @Nullable Buckets cumulative;

    LogLinearHistogram(String name, Unit unit) {
        this.name = name;
        this.unit = unit;
    }

    @Override
    public String name() {
        return name;
    }

    public Unit unit() {
        return unit;
    }

    /** Counts {@code value}; negative values count as 0, as no duration or size is below. */
    @Override
    public void record(long value) {
        int decade = 0;
        int slot = 0;
        if (value > 0) {
            int digits = digits(value);
            decade = digits;
            slot = (digits == 1 ? (int) value * 10 : (int) (value / POWERS[digits - 2])) - 10;
        }
        AtomicReferenceArray<AtomicIntegerArray> r = recent;
        if (r == null) {
            r = firstRecord();
        }
        AtomicIntegerArray counts = r.get(decade);
        if (counts == null) {
            counts = new AtomicIntegerArray(decade == 0 ? 1 : PER_DECADE);
            if (!r.compareAndSet(decade, null, counts)) {
                counts = r.get(decade);
            }
        }
        counts.getAndIncrement(slot);
    }

    private synchronized AtomicReferenceArray<AtomicIntegerArray> firstRecord() {
        AtomicReferenceArray<AtomicIntegerArray> r = recent;
        if (r == null) {
            r = new AtomicReferenceArray<>(DECADES + 1);
            recent = r;
        }
        return r;
    }

    private static int digits(long value) {
        int n = 1;
        while (n < DECADES && value >= POWERS[n]) {
            n++;
        }
        return n;
    }

    /** Ends an interval: what was recorded since the last call becomes the interval and joins the cumulative counts. */
    synchronized void merge() {
        AtomicReferenceArray<AtomicIntegerArray> r = recent;
        if (r == null) {
            return;
        }
        Buckets in = interval;
        Buckets all = cumulative;
        if (in == null || all == null) {
            in = interval = new Buckets();
            all = cumulative = new Buckets();
        }
        in.clear();
        for (int d = 0; d <= DECADES; d++) {
            AtomicIntegerArray counts = r.get(d);
            if (counts == null) {
                continue;
            }
            for (int i = 0; i < counts.length(); i++) {
                if (counts.get(i) != 0) {
                    int n = counts.getAndSet(i, 0);
                    in.add(d, i, n);
                    all.add(d, i, n);
                }
            }
        }
    }

    /** Whether {@link #merge} ever saw a value. */
    synchronized boolean used() {
        return cumulative != null;
    }

    /** A copy of the last interval's counts. */
    synchronized Buckets interval() {
        return interval == null ? new Buckets() : new Buckets(interval);
    }

    /** A copy of all counts up to the last merge. */
    synchronized Buckets cumulative() {
        return cumulative == null ? new Buckets() : new Buckets(cumulative);
    }

    /** Counts per bucket; confined to its holder. */
    static final class Buckets implements StatsSnapshot.Buckets {
        private final long[] @Nullable [] counts = new long[DECADES + 1][];

        Buckets() {}

        Buckets(Buckets other) {
            for (int d = 0; d <= DECADES; d++) {
                long[] c = other.counts[d];
                counts[d] = c == null ? null : c.clone();
            }
        }

        void clear() {
            for (long[] c : counts) {
                if (c != null) {
                    Arrays.fill(c, 0);
                }
            }
        }

        void add(int decade, int slot, long n) {
            long[] c = counts[decade];
            if (c == null) {
                c = new long[decade == 0 ? 1 : PER_DECADE];
                counts[decade] = c;
            }
            c[slot] += n;
        }

        @Override
        public long count() {
            long[] n = {0};
            forEach((lower, width, count) -> n[0] += count);
            return n[0];
        }

        /** The sum of all values as far as buckets tell it: each counts as the harmonic mean of its bucket's ends. */
        @Override
        public double sum() {
            double[] sum = {0};
            forEach((lower, width, count) -> {
                double upper = lower + width;
                sum[0] += upper == 0 ? 0 : 2 * lower * upper / (lower + upper) * count;
            });
            return sum[0];
        }

        /** How many values lie in buckets that start at or below {@code bound}. */
        @Override
        public long countBelow(double bound) {
            long[] n = {0};
            forEach((lower, width, count) -> {
                if (lower <= bound) {
                    n[0] += count;
                }
            });
            return n[0];
        }

        /**
         * The values at {@code quantiles} (ascending, 0..1) by nearest rank, NaN when nothing was recorded. The n values of
         * a bucket are taken to stand at 1/(n+1) … n/(n+1) of its width.
         */
        @Override
        public double[] quantiles(double... quantiles) {
            double[] out = new double[quantiles.length];
            Arrays.fill(out, Double.NaN);
            long total = count();
            if (total == 0) {
                return out;
            }
            int[] next = {0};
            long[] below = {0};
            forEach((lower, width, count) -> {
                while (next[0] < quantiles.length) {
                    double rank = quantiles[next[0]] * total;
                    if (rank > below[0] + count) {
                        break;
                    }
                    double place = Math.max(1, Math.ceil(rank - below[0]));
                    out[next[0]++] = lower + width * (place / (count + 1));
                }
                below[0] += count;
            });
            return out;
        }

        /** Visits the buckets that are not empty, ascending. */
        @Override
        public void forEach(StatsSnapshot.Buckets.Visitor visitor) {
            long[] zero = counts[0];
            if (zero != null && zero[0] != 0) {
                visitor.bucket(0, 0, zero[0]);
            }
            for (int d = 1; d <= DECADES; d++) {
                long[] c = counts[d];
                if (c == null) {
                    continue;
                }
                double width = d == 1 ? 0.1 : POWERS[d - 2];
                for (int i = 0; i < PER_DECADE; i++) {
                    if (c[i] != 0) {
                        visitor.bucket(d == 1 ? (i + 10) / 10.0 : (i + 10) * width, width, c[i]);
                    }
                }
            }
        }
    }
}
