package dev.mishap.rules.experiment.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LatencyHistogramTest {
    private static final long[] BOUNDS = {1000, 2000, 4000};

    @Test
    void quantilesAreInterpolatedWithinABucket() {
        LatencyHistogram histogram = new LatencyHistogram(BOUNDS, new long[] {50, 40, 10, 0});
        assertThat(histogram.quantileMicros(0.5).getAsDouble()).isCloseTo(1000, within(0.01));
        assertThat(histogram.quantileMicros(0.7).getAsDouble()).isCloseTo(1500, within(0.01));
        assertThat(histogram.quantileMicros(0.95).getAsDouble()).isCloseTo(3000, within(0.01));
    }

    @Test
    void aboveAllBoundsTheLastBoundIsALowerLimit() {
        assertThat(new LatencyHistogram(BOUNDS, new long[] {0, 0, 0, 3}).quantileMicros(0.5))
                .hasValue(4000);
    }

    @Test
    void withoutRequestsThereIsNoQuantile() {
        assertThat(new LatencyHistogram(BOUNDS, new long[4]).quantileMicros(0.5))
                .isEmpty();
    }

    @Test
    void aDifferenceOfTwoReadingsIsWhatHappenedInBetween() {
        LatencyHistogram earlier = new LatencyHistogram(BOUNDS, new long[] {5, 0, 1, 0});
        LatencyHistogram later = new LatencyHistogram(BOUNDS, new long[] {7, 3, 1, 2});
        assertThat(later.minus(earlier)).isEqualTo(new LatencyHistogram(BOUNDS, new long[] {2, 3, 0, 2}));
        assertThat(LatencyHistogram.EMPTY.plus(later)).isEqualTo(later);
        assertThat(later.minus(LatencyHistogram.EMPTY)).isEqualTo(later);
    }

    @Test
    void differentBoundsCannotBeCombined() {
        LatencyHistogram other = new LatencyHistogram(new long[] {9}, new long[] {1, 1});
        assertThatThrownBy(() -> new LatencyHistogram(BOUNDS, new long[4]).plus(other))
                .hasMessageContaining("different bounds");
        assertThatThrownBy(() -> new LatencyHistogram(BOUNDS, new long[3])).hasMessageContaining("one count more");
        assertThatThrownBy(() -> new LatencyHistogram(new long[] {2, 1}, new long[3]))
                .hasMessageContaining("ascend");
    }
}
