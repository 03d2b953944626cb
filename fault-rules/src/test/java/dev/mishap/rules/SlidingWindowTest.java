package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
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

    /** Measured from outside, over the ten seconds that end with a touch, wherever buckets begin. */
    @RepeatedTest(20)
    void noTenSecondsHoldMoreThanTheCap(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        SlidingWindow cap = SlidingWindow.forCap();
        List<Long> scoped = new ArrayList<>();
        List<Long> touched = new ArrayList<>();
        long now = random.nextLong(SECOND);
        for (int i = 0; i < 3000; i++) {
            now += random.nextLong(random.nextInt(10) == 0 ? SECOND : SECOND / 50);
            long at = now;
            cap.addScoped(at);
            scoped.add(at);
            if (cap.tryTouchUnderCap(at, Percentage.ofPercent(5))) {
                touched.add(at);
                long requests =
                        scoped.stream().filter(t -> t > at - 10 * SECOND).count();
                long faults = touched.stream().filter(t -> t > at - 10 * SECOND).count();
                assertThat(faults).as("of %d requests", requests).isLessThanOrEqualTo((requests + 19) / 20);
            }
        }
        assertThat(touched).hasSizeGreaterThan(50);
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
