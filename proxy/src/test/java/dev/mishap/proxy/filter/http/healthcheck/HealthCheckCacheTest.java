package dev.mishap.proxy.filter.http.healthcheck;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.Ticker;
import org.junit.jupiter.api.Test;

class HealthCheckCacheTest {
    @Test
    void anAnswerStandsUntilItsPeriodIsOver() {
        HealthCheckCache cache = new HealthCheckCache(1_000_000_000L);
        long now = Ticker.systemTicker().nanoTime();
        long late = now + 100_000_000_000L;

        cache.put(503, true, now);
        assertThat(cache.get(late)).isNull();

        cache.put(204, false, late);
        HealthCheckCache.Answer answer = cache.get(late);
        assertThat(answer).isNotNull();
        assertThat(cache.get(late + 1_000_000_000L)).isNull();
    }
}
