package dev.mishap.proxy.cluster;

import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The circuit breakers of one cluster and priority. */
public final class ResourceLimits {
    private static final double DEFAULT_BUDGET_PERCENT = 20;

    public final Resource connections;
    public final Resource pendingRequests;
    public final Resource requests;
    /** Pools that hold a connection or somebody who waits for one. */
    public final Resource pools;

    private final Resource retries;
    private final CircuitBreakerConfig config;
    private final Supplier<RuntimeSnapshot> runtime;
    private final String key;

    /** @param key of the runtime values that go before the configured ones, {@code circuit_breakers.<cluster>.<priority>.} */
    ResourceLimits(CircuitBreakerConfig config, Scope scope, Supplier<RuntimeSnapshot> runtime, String key) {
        this.config = config;
        this.runtime = runtime;
        this.key = key;
        connections = resource(config.maxConnections(), scope, "max_connections", "cx_open", "remaining_cx");
        pendingRequests = resource(
                config.maxPendingRequests(), scope, "max_pending_requests", "rq_pending_open", "remaining_pending");
        requests = resource(config.maxRequests(), scope, "max_requests", "rq_open", "remaining_rq");
        retries = resource(config.maxRetries(), scope, "max_retries", "rq_retry_open", "remaining_retries");
        pools = resource(
                config.maxConnectionPools(), scope, "max_connection_pools", "cx_pool_open", "remaining_cx_pools");
    }

    private Resource resource(long max, Scope scope, String name, String open, String remaining) {
        @Nullable Gauge left = config.trackRemaining() ? scope.gauge(remaining) : null;
        return new Resource(max, runtime, key + name, scope.gauge(open), left);
    }

    /** Whether one more retry may run: by the budget when there is one, else by {@code max_retries}. */
    public boolean canRetry() {
        RuntimeSnapshot now = runtime.get();
        // Either of the runtime's values makes a budget where none is configured.
        double percent = now.number(key + "retry_budget.budget_percent", Double.NaN);
        long least = now.integer(key + "retry_budget.min_retry_concurrency", -1);
        if (config.budgetPercent() < 0 && Double.isNaN(percent) && least < 0) {
            return retries.canCreate();
        }
        if (Double.isNaN(percent)) {
            percent = config.budgetPercent() < 0 ? DEFAULT_BUDGET_PERCENT : config.budgetPercent();
        }
        long allowed = (long) (percent / 100.0 * (requests.used() + pendingRequests.used()));
        return retries.used() < Math.max(least < 0 ? config.minRetryConcurrency() : least, allowed);
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
