package dev.mishap.proxy.cluster;

import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import org.jspecify.annotations.Nullable;

/** The circuit breakers of one cluster and priority. */
public final class ResourceLimits {
    public final Resource connections;
    public final Resource pendingRequests;
    public final Resource requests;
    private final Resource retries;
    private final CircuitBreakerConfig config;

    ResourceLimits(CircuitBreakerConfig config, Scope scope) {
        this.config = config;
        connections = resource(config.maxConnections(), scope, "cx_open", "remaining_cx");
        pendingRequests = resource(config.maxPendingRequests(), scope, "rq_pending_open", "remaining_pending");
        requests = resource(config.maxRequests(), scope, "rq_open", "remaining_rq");
        retries = resource(config.maxRetries(), scope, "rq_retry_open", "remaining_retries");
        // Pools are not limited: there is one an endpoint.
        scope.gauge("cx_pool_open");
        if (config.trackRemaining()) {
            scope.gauge("remaining_cx_pools");
        }
    }

    private Resource resource(long max, Scope scope, String open, String remaining) {
        @Nullable Gauge left = config.trackRemaining() ? scope.gauge(remaining) : null;
        return new Resource(max, scope.gauge(open), left);
    }

    /** Whether one more retry may run: by the budget when there is one, else by {@code max_retries}. */
    public boolean canRetry() {
        if (config.budgetPercent() < 0) {
            return retries.canCreate();
        }
        long allowed = (long) (config.budgetPercent() / 100.0 * (requests.used() + pendingRequests.used()));
        return retries.used() < Math.max(config.minRetryConcurrency(), allowed);
    }

    public void retryStarted() {
        retries.inc();
    }

    public void retryEnded() {
        retries.dec();
    }

    public CircuitBreakerConfig config() {
        return config;
    }
}
