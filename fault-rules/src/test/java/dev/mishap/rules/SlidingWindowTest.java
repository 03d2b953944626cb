package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlidingWindowTest {
    private static final long SECOND = 1_000_000_000L;

    @ParameterizedTest(name = "after {0} hours without a request")
    @ValueSource(longs = {1, 14, 15, 20, 28, 30, 100, 1000})
    void whatWasTouchedLongAgoDoesNotCount(long hours) {
        SlidingWindow rate = SlidingWindow.forRate();
        for (int i = 0; i < 10; i++) {
            assertThat(rate.tryTouchUpTo(i * SECOND / 10, 10)).isTrue();
        }
        assertThat(rate.tryTouchUpTo(SECOND, 10)).isFalse();
        long later = TimeUnit.HOURS.toNanos(hours);
        for (int i = 0; i < 10; i++) {
            assertThat(rate.tryTouchUpTo(later, 10)).isTrue();
        }
        assertThat(rate.tryTouchUpTo(later, 10)).isFalse();
    }

    @ParameterizedTest(name = "after {0} days without a request")
    @ValueSource(longs = {1, 6, 7, 11, 13, 100})
    void whatWasInScopeLongAgoLeavesNoRoom(long days) {
        SlidingWindow cap = SlidingWindow.forCap();
        for (int i = 0; i < 10_000; i++) {
            cap.addScoped(i * SECOND / 1000);
        }
        long later = TimeUnit.DAYS.toNanos(days);
        cap.addScoped(later);
        assertThat(cap.tryTouchUnderCap(later, Percentage.ofPercent(50))).isTrue();
        assertThat(cap.tryTouchUnderCap(later, Percentage.ofPercent(50))).isFalse();
    }

    @Test
    void aThreadThatIsLateCountsWithTheOthers() {
        SlidingWindow cap = SlidingWindow.forCap();
        cap.addScoped(20 * SECOND);
        assertThat(cap.tryTouchUnderCap(20 * SECOND, Percentage.FULL)).isTrue();
        assertThat(cap.tryTouchUnderCap(20 * SECOND - 1, Percentage.FULL)).isFalse();
    }

    @Test
    void aClockThatStartsBelowZeroCounts() {
        SlidingWindow cap = SlidingWindow.forCap();
        cap.addScoped(-1);
        assertThat(cap.tryTouchUnderCap(1, Percentage.FULL)).isTrue();
        assertThat(cap.tryTouchUnderCap(1, Percentage.FULL)).isFalse();
    }
}
