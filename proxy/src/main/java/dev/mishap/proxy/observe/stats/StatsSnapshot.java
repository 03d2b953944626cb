package dev.mishap.proxy.observe.stats;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The stats that were ever written, at the end of a flush interval.
 *
 * @param epochMillis when it was taken
 */
public record StatsSnapshot(
        long epochMillis, List<Number> counters, List<Number> gauges, List<Distribution> histograms) {
    /**
     * A counter or gauge.
     *
     * @param delta what a counter grew by in the interval
     * @param tagged the tags if they are known without a look at the name, else null
     */
    public record Number(String name, long value, long delta, TagExtractor.@Nullable Tagged tagged) {
        public Number(String name, long value, long delta) {
            this(name, value, delta, null);
        }
    }

    /**
     * A histogram.
     *
     * @param interval what was recorded in the interval
     * @param all what was ever recorded
     */
    public record Distribution(String name, Histogram.Unit unit, Buckets interval, Buckets all) {}

    /** Counts per bucket. */
    public interface Buckets {
        /** Visits the buckets that are not empty, ascending. */
        void forEach(Visitor visitor);

        /** Values at these quantiles (ascending, 0..1); NaN when nothing was recorded. */
        double[] quantiles(double... quantiles);

        long count();

        double sum();

        /** How many values lie in buckets that start at or below {@code bound}. */
        long countBelow(double bound);

        /** Sees one bucket: the values in [lower, lower + width). */
        interface Visitor {
            void bucket(double lower, double width, long count);
        }
    }
}
