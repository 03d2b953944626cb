package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.ResponseCounters;
import dev.mishap.proxy.cluster.VirtualClusterStats;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.observe.stats.Scope;
import org.jspecify.annotations.Nullable;

/** Where the responses of one request are counted: its cluster, its virtual cluster, and as internal, external or canary. */
final class RequestStats {
    private static final VirtualClusterStats[] NONE = {};

    private final ClusterStats cluster;
    private final boolean internal;
    /** Those of the virtual cluster and of the route, if they have some. */
    private final VirtualClusterStats[] named;

    private final @Nullable Alternative alternative;
    private final boolean enabled;
    /** Whether the cluster's own stats count codes; those below it do in any case. */
    private final boolean codes;

    RequestStats(
            ClusterStats cluster,
            boolean internal,
            @Nullable VirtualClusterStats virtualCluster,
            @Nullable VirtualClusterStats route,
            @Nullable Alternative alternative,
            boolean enabled,
            boolean codes) {
        this.cluster = cluster;
        this.internal = internal;
        this.named = named(virtualCluster, route);
        this.alternative = alternative;
        this.enabled = enabled;
        this.codes = codes;
    }

    private static VirtualClusterStats[] named(@Nullable VirtualClusterStats a, @Nullable VirtualClusterStats b) {
        if (a == null) {
            return b == null ? NONE : new VirtualClusterStats[] {b};
        }
        return b == null ? new VirtualClusterStats[] {a} : new VirtualClusterStats[] {a, b};
    }

    /** A response, or the lack of one; {@code response} is null for the latter. */
    void response(int status, @Nullable HeaderMap response, @Nullable Endpoint endpoint) {
        if (!enabled) {
            return;
        }
        if (codes) {
            cluster.all.count(status);
        } else {
            cluster.all.countCompleted();
        }
        (internal ? cluster.internal : cluster.external).count(status);
        if (isCanary(response, endpoint)) {
            cluster.canary.count(status);
        }
        for (VirtualClusterStats n : named) {
            n.responses.count(status);
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
        for (VirtualClusterStats n : named) {
            n.responses.time(millis);
        }
        if (alternative != null) {
            alternative.time(millis);
        }
    }

    /** A try got a connection. */
    void upstreamRequest() {
        for (VirtualClusterStats n : named) {
            n.rqTotal.inc();
        }
    }

    /** The request as a whole took too long. */
    void timeout() {
        cluster.rqTimeout.inc();
        for (VirtualClusterStats n : named) {
            n.rqTimeout.inc();
        }
    }

    /** A response that asks for another try was the last that may be. */
    void retryLimitExceeded() {
        cluster.rqRetryLimitExceeded.inc();
        for (VirtualClusterStats n : named) {
            n.rqRetryLimitExceeded.inc();
        }
    }

    /** A circuit breaker forbade another try. */
    void retryOverflow() {
        cluster.rqRetryOverflow.inc();
        for (VirtualClusterStats n : named) {
            n.rqRetryOverflow.inc();
        }
    }

    /** Another try needed no further one. */
    void retrySuccess() {
        cluster.rqRetrySuccess.inc();
        for (VirtualClusterStats n : named) {
            n.rqRetrySuccess.inc();
        }
    }

    /** Another try begins, after a wait that the response told or not. */
    void retry(boolean waitTold) {
        cluster.rqRetry.inc();
        (waitTold ? cluster.rqRetryBackoffRatelimited : cluster.rqRetryBackoffExponential).inc();
        for (VirtualClusterStats n : named) {
            n.rqRetry.inc();
        }
    }

    /** The stats that {@code x-envoy-upstream-alt-stat-name} asks for. */
    static final class Alternative {
        private final ResponseCounters all;
        private final ResponseCounters byOrigin;

        Alternative(Scope scope, boolean internal) {
            all = new ResponseCounters(scope);
            byOrigin = new ResponseCounters(scope.scope(internal ? "internal." : "external."));
        }

        void count(int status) {
            all.count(status);
            byOrigin.count(status);
        }

        void time(long millis) {
            all.time(millis);
            byOrigin.time(millis);
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
