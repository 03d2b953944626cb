package dev.mishap.proxy.cluster;

/**
 * {@code CircuitBreakers.Thresholds} of one priority.
 *
 * @param maxConnections default 1024
 * @param maxPendingRequests default 1024
 * @param maxRequests default 1024
 * @param maxRetries default 3; without meaning when there is a budget
 * @param budgetPercent {@code retry_budget.budget_percent}: retries at once, in % of requests active and pending; negative = no budget
 * @param minRetryConcurrency {@code retry_budget.min_retry_concurrency}: retries that the budget always allows; default 3
 * @param trackRemaining whether the {@code remaining_*} gauges are kept
 * @param maxConnectionPools {@code max_connection_pools}, over all workers; default without limit
 * @param maxConnectionsPerHost {@code per_host_thresholds.max_connections}: of one endpoint, over all workers; default without limit
 */
public record CircuitBreakerConfig(
        long maxConnections,
        long maxPendingRequests,
        long maxRequests,
        long maxRetries,
        double budgetPercent,
        long minRetryConcurrency,
        boolean trackRemaining,
        long maxConnectionPools,
        long maxConnectionsPerHost) {
    public static final CircuitBreakerConfig DEFAULT = new CircuitBreakerConfig(1024, 1024, 1024, 3, -1, 3, false);

    /** Without limits of pools and of endpoints. */
    public CircuitBreakerConfig(
            long maxConnections,
            long maxPendingRequests,
            long maxRequests,
            long maxRetries,
            double budgetPercent,
            long minRetryConcurrency,
            boolean trackRemaining) {
        this(
                maxConnections,
                maxPendingRequests,
                maxRequests,
                maxRetries,
                budgetPercent,
                minRetryConcurrency,
                trackRemaining,
                Long.MAX_VALUE,
                Long.MAX_VALUE);
    }
}
