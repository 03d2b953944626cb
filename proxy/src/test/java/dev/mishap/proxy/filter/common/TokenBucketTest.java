package dev.mishap.proxy.filter.common;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class TokenBucketTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void itStartsFullAndFillsSteadily() {
        TokenBucket bucket = new TokenBucket(2, 4, 2 * SECOND, 5);

        assertThat(bucket.consume(1, 5)).isTrue();
        assertThat(bucket.remaining(5)).isEqualTo(1);
        assertThat(bucket.secondsToNext(5)).isZero();
        assertThat(bucket.consume(1, 5)).isTrue();
        assertThat(bucket.consume(1, 5)).isFalse();
        assertThat(bucket.secondsToNext(5)).isEqualTo(1);
        assertThat(bucket.consume(1, 5 + SECOND / 2 - 1000)).isFalse();
        assertThat(bucket.consume(1, 5 + SECOND / 2)).isTrue();
        assertThat(bucket.remaining(5 + 100 * SECOND)).isEqualTo(2);
    }

    @Test
    void anEmptyOneNeverHasAToken() {
        TokenBucket bucket = new TokenBucket(0, 1, 3600 * SECOND, 0);

        assertThat(bucket.consume(1, 10_000 * SECOND)).isFalse();
        assertThat(bucket.secondsToNext(10_000 * SECOND)).isEqualTo(3600);
    }

    @RepeatedTest(20)
    void overTimeItGivesNoMoreAndNoLessThanItsRate(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        long max = 1 + random.nextInt(20);
        long perFill = 1 + random.nextInt(50);
        TokenBucket bucket = new TokenBucket(max, perFill, SECOND, 0);
        long now = 0;
        long taken = 0;
        for (int i = 0; i < 5000; i++) {
            now += random.nextInt(2_000_000);
            while (bucket.consume(1, now)) {
                taken++;
            }
        }
        double filled = max + now / 1e9 * perFill;
        assertThat((double) taken).isBetween(filled - 1.001, filled + 0.001);
    }

    @Test
    void threadsShareIt() throws InterruptedException {
        TokenBucket bucket = new TokenBucket(1000, 1, 3600 * SECOND, 0);
        AtomicInteger taken = new AtomicInteger();
        Thread[] threads = new Thread[4];
        for (int t = 0; t < threads.length; t++) {
            threads[t] = new Thread(() -> {
                for (int i = 0; i < 500; i++) {
                    if (bucket.consume(1, 0)) {
                        taken.incrementAndGet();
                    }
                }
            });
            threads[t].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(taken).hasValue(1000);
    }
}
