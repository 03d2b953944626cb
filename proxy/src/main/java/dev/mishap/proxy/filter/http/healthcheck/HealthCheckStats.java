package dev.mishap.proxy.filter.http.healthcheck;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;

/** The stats {@code http.<stat_prefix>.health_check.*}. They count the probes that are answered here. */
final class HealthCheckStats {
    final Counter requestTotal;
    final Counter ok;
    final Counter failed;
    final Counter cachedResponse;
    final Counter failedClusterEmpty;
    final Counter failedClusterNotFound;
    final Counter failedClusterUnhealthy;
    final Counter degraded;

    HealthCheckStats(Scope connectionManager) {
        Scope scope = connectionManager.scope("health_check.");
        requestTotal = scope.counter("request_total");
        ok = scope.counter("ok");
        failed = scope.counter("failed");
        cachedResponse = scope.counter("cached_response");
        failedClusterEmpty = scope.counter("failed_cluster_empty");
        failedClusterNotFound = scope.counter("failed_cluster_not_found");
        failedClusterUnhealthy = scope.counter("failed_cluster_unhealthy");
        degraded = scope.counter("degraded");
    }
}
