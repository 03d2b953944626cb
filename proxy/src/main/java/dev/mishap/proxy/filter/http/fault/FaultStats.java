package dev.mishap.proxy.filter.http.fault;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** The stats {@code http.<stat_prefix>.fault.*}, shared by all fault filters of a connection manager. */
final class FaultStats {
    /**
     * How many downstream clusters get counters of their own. Their names come from a request header, so they are bounded;
     * the clusters after these are counted in the totals only.
     */
    static final int MAX_DOWNSTREAM_CLUSTERS = 1024;

    final Counter abortsInjected;
    final Counter delaysInjected;
    final Counter responseRateLimitsInjected;
    final Counter faultsOverflow;
    final Gauge activeFaults;
    private final Scope scope;
    private final ConcurrentMap<String, DownstreamCluster> clusters = new ConcurrentHashMap<>();

    FaultStats(Scope connectionManager) {
        scope = connectionManager.scope("fault.");
        abortsInjected = scope.counter("aborts_injected");
        delaysInjected = scope.counter("delays_injected");
        responseRateLimitsInjected = scope.counter("response_rl_injected");
        faultsOverflow = scope.counter("faults_overflow");
        activeFaults = scope.gauge("active_faults");
    }

    /** What belongs to a downstream cluster, or null when there are too many of them. */
    @Nullable
    DownstreamCluster downstreamCluster(String name) {
        DownstreamCluster known = clusters.get(name);
        if (known != null) {
            return known;
        }
        return clusters.size() >= MAX_DOWNSTREAM_CLUSTERS
                ? null
                : clusters.computeIfAbsent(name, n -> new DownstreamCluster(scope, n));
    }

    /** The counters of one downstream cluster; each is made when it first counts, as in Envoy. */
    static final class DownstreamCluster {
        private final Scope scope;
        private final String name;
        private volatile @Nullable Counter aborts;
        private volatile @Nullable Counter delays;

        DownstreamCluster(Scope scope, String name) {
            this.scope = scope;
            this.name = name;
        }

        void countAbort() {
            Counter counter = aborts;
            if (counter == null) {
                counter = scope.counter(name + ".aborts_injected");
                aborts = counter;
            }
            counter.inc();
        }

        void countDelay() {
            Counter counter = delays;
            if (counter == null) {
                counter = scope.counter(name + ".delays_injected");
                delays = counter;
            }
            counter.inc();
        }
    }
}
