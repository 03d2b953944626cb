package dev.mishap.proxy.filter.http.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.rules.StoreFixture;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Tag;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.schedule.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Limits hold over all workers. The clock stands still, so that all requests are in one window. */
class RulesFilterThreadsTest {
    private static final int WORKERS = 4;
    private static final int REQUESTS = 2_000;

    private final StoreFixture fixture = new StoreFixture();
    private final RulesFilterFactory factory =
            new RulesFilterFactory(fixture.store, new RulesFilterStats(fixture.stats), "ingress", request -> false);

    private static FaultRule rule(Limits limits) {
        return new FaultRule(
                "r",
                Map.of(),
                "exp",
                0,
                Scope.ANY,
                Percentage.FULL,
                Abort.http(503),
                limits,
                Schedule.ALWAYS,
                null,
                null,
                Tag.NONE);
    }

    /** Runs requests on all workers at once; {@code each} is called between a request's start and its end. */
    private void run(Runnable each) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(WORKERS);
        try {
            CountDownLatch start = new CountDownLatch(1);
            List<Future<?>> all = new ArrayList<>();
            for (int w = 0; w < WORKERS; w++) {
                all.add(pool.submit(() -> {
                    FakeHttpStream stream = new FakeHttpStream();
                    start.await();
                    for (int i = 0; i < REQUESTS; i++) {
                        HttpFilter filter = factory.create();
                        stream.reply = null;
                        filter.onRequestHeaders(stream, stream.requestHeaders(), true);
                        if (stream.reply != null) {
                            each.run();
                        }
                        filter.onStreamEnd(stream);
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> f : all) {
                f.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void theCapIsNotPassed() throws Exception {
        fixture.put(rule(Limits.cap(Percentage.ofPercent(5))));
        AtomicInteger touched = new AtomicInteger();

        run(touched::incrementAndGet);

        int most = WORKERS * REQUESTS * 5 / 100;
        assertThat(touched.get()).isBetween(most / 2, most);
        assertThat(fixture.stats.value("mishap.rule.r.scoped")).isZero();
        fixture.store.showCounts();
        assertThat(fixture.stats.value("mishap.rule.r.scoped")).isEqualTo(WORKERS * REQUESTS);
        assertThat(fixture.stats.value("mishap.rule.r.touched")).isEqualTo(touched.get());
        assertThat(fixture.stats.value("mishap.rule.r.suppressed_cap")).isEqualTo(WORKERS * REQUESTS - touched.get());
    }

    @Test
    void noMoreThanTheLimitAreUnderTheFaultAtOnce() throws Exception {
        fixture.put(rule(new Limits(null, 2, 0)));
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();

        run(() -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            Thread.yield();
            now.decrementAndGet();
        });

        assertThat(most.get()).isBetween(1, 2);
    }
}
