package dev.mishap.proxy.rules;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatencyCountsTest {
    @ParameterizedTest
    @ValueSource(
            longs = {0, 1, 127, 128, 129, 144, 145, 255, 256, 257, 1000, 99_999, 1_000_000, 134_217_727, 134_217_728})
    void aDurationIsInTheFirstBucketThatHoldsIt(long micros) {
        int bucket = LatencyCounts.bucket(micros);

        assertThat(LatencyCounts.BOUNDS_MICROS.get(bucket)).isGreaterThanOrEqualTo(micros);
        if (bucket > 0) {
            assertThat(LatencyCounts.BOUNDS_MICROS.get(bucket - 1)).isLessThan(micros);
        }
    }

    @Test
    void whatIsOverAllBoundsIsCountedLast() {
        LatencyCounts counts = new LatencyCounts();

        counts.record(Long.MAX_VALUE);
        counts.record(134_217_729);

        assertThat(counts.counts()).hasSize(LatencyCounts.BOUNDS_MICROS.size() + 1);
        assertThat(counts.counts().get(LatencyCounts.BOUNDS_MICROS.size())).isEqualTo(2);
    }

    @Test
    void boundsGrow() {
        assertThat(LatencyCounts.BOUNDS_MICROS).isSorted().doesNotHaveDuplicates();
    }
}
