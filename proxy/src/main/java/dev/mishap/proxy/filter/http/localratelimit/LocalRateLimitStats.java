package dev.mishap.proxy.filter.http.localratelimit;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;

/** The stats {@code <stat_prefix>.http_local_rate_limit.*}. */
final class LocalRateLimitStats {
    final Counter enabled;
    final Counter enforced;
    final Counter rateLimited;
    final Counter shadowMode;
    final Counter ok;

    LocalRateLimitStats(Scope scope) {
        enabled = scope.counter("enabled");
        enforced = scope.counter("enforced");
        shadowMode = scope.counter("shadow_mode");
        rateLimited = scope.counter("rate_limited");
        ok = scope.counter("ok");
    }
}
