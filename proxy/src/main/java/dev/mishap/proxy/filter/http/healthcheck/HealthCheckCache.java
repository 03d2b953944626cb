package dev.mishap.proxy.filter.http.healthcheck;

import io.netty.util.concurrent.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * The application's last answer to a probe, for all workers. As in Envoy it is forgotten at fixed times, every {@code cache_time}
 * since the start, and not a while after it came.
 */
final class HealthCheckCache {
    /**
     * One answer.
     *
     * @param period in which the answer came
     */
    record Answer(int status, boolean degraded, long period) {}

    private final long periodNanos;
    private final long start = Ticker.systemTicker().nanoTime();
    private volatile @Nullable Answer answer;

    HealthCheckCache(long periodNanos) {
        this.periodNanos = periodNanos;
    }

    void put(int status, boolean degraded, long now) {
        answer = new Answer(status, degraded, period(now));
    }

    /** The answer of the period that {@code now} is in, or null. */
    @Nullable
    Answer get(long now) {
        Answer a = answer;
        return a != null && a.period == period(now) ? a : null;
    }

    private long period(long now) {
        return (now - start) / periodNanos;
    }
}
