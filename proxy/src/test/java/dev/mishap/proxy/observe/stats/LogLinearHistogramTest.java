package dev.mishap.proxy.observe.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class LogLinearHistogramTest {
    private static LogLinearHistogram of(long... values) {
        LogLinearHistogram h = new LogLinearHistogram("h", Histogram.Unit.MILLISECONDS);
        for (long v : values) {
            h.record(v);
        }
        h.merge();
        return h;
    }

    /** The numbers are what Envoy 1.40 shows for the same values. */
    @Test
    void quantilesAreTakenByNearestRank() {
        double[] q = of(3, 12, 12, 37, 37, 37, 150).cumulative().quantiles(0, 0.25, 0.5, 0.75, 0.9, 1);
        assertThat(q).containsExactly(new double[] {3.05, 12.333333333333334, 37.25, 37.75, 155, 155}, within(1e-9));
    }

    @Test
    void sumAndCountsComeFromBuckets() {
        LogLinearHistogram.Buckets b = of(0, 0, 1, 5).cumulative();
        assertThat(b.sum()).isCloseTo(6.0971239981140969987905, within(1e-12));
        assertThat(List.of(b.countBelow(0.5), b.countBelow(1), b.countBelow(5), b.count()))
                .containsExactly(2L, 3L, 4L, 4L);
    }

    @Test
    void anIntervalEndsWithTheNext() {
        LogLinearHistogram h = of(7);
        h.merge();
        assertThat(h.interval().count()).isZero();
        assertThat(h.cumulative().count()).isEqualTo(1);
        assertThat(h.interval().quantiles(0.5)).containsExactly(Double.NaN);
    }

    @Test
    void everyLongHasABucketThatHoldsIt() {
        for (long v = 0; v >= 0 && v < Long.MAX_VALUE / 3; v = v * 3 + 1) {
            long value = v;
            of(v).cumulative().forEach((lower, width, count) -> {
                assertThat((double) value).isGreaterThanOrEqualTo(lower - 1e-9);
                assertThat((double) value).isLessThanOrEqualTo(lower + width);
            });
        }
        assertThat(of(Long.MAX_VALUE, -5).cumulative().count()).isEqualTo(2);
    }
}
