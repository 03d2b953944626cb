package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.ResponseCounters;
import dev.mishap.proxy.http.HeaderMap;
import org.jspecify.annotations.Nullable;

/** Where the responses of one request are counted: its cluster, its virtual cluster, and as internal, external or canary. */
final class RequestStats {
    private final ClusterStats cluster;
    private final boolean internal;
    private final @Nullable ResponseCounters virtualCluster;
    private final @Nullable ResponseCounters alternative;
    private final boolean enabled;

    RequestStats(
            ClusterStats cluster,
            boolean internal,
            @Nullable ResponseCounters virtualCluster,
            @Nullable ResponseCounters alternative,
            boolean enabled) {
        this.cluster = cluster;
        this.internal = internal;
        this.virtualCluster = virtualCluster;
        this.alternative = alternative;
        this.enabled = enabled;
    }

    /** A response, or the lack of one; {@code response} is null for the latter. */
    void response(int status, @Nullable HeaderMap response, @Nullable Endpoint endpoint) {
        if (!enabled) {
            return;
        }
        cluster.all.count(status);
        (internal ? cluster.internal : cluster.external).count(status);
        if (isCanary(response, endpoint)) {
            cluster.canary.count(status);
        }
        if (virtualCluster != null) {
            virtualCluster.count(status);
        }
        if (alternative != null) {
            alternative.count(status);
        }
        if (endpoint != null && status >= 500) {
            endpoint.rqError.increment();
        }
    }

    void time(long millis, HeaderMap response, Endpoint endpoint) {
        if (!enabled) {
            return;
        }
        cluster.all.time(millis);
        (internal ? cluster.internal : cluster.external).time(millis);
        if (isCanary(response, endpoint)) {
            cluster.canary.time(millis);
        }
        if (virtualCluster != null) {
            virtualCluster.time(millis);
        }
        if (alternative != null) {
            alternative.time(millis);
        }
    }

    void retried(int status) {
        if (enabled) {
            cluster.retry.count(status);
        }
    }

    private static boolean isCanary(@Nullable HeaderMap response, @Nullable Endpoint endpoint) {
        if (endpoint != null && endpoint.canary()) {
            return true;
        }
        return response != null && "true".equals(response.get(RouterHeaders.CANARY));
    }
}
