package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.VirtualClusterStats;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.upstream.Upstreams;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** One router of one filter chain: {@code envoy.extensions.filters.http.router.v3.Router} and what the router works with. */
final class RouterConfig {
    final ClusterManager clusters;
    final Upstreams upstreams;
    final RouterStats stats;
    /** {@code dynamic_stats}, default true: count responses by code, and their times. */
    final boolean dynamicStats;

    final boolean suppressEnvoyHeaders;
    final boolean respectExpectedTimeout;
    final boolean suppressGrpcFailureStats;
    /** {@code start_child_span}: tries have spans of their own, whatever the connection manager says. */
    final boolean startChildSpan;
    /** {@code strict_check_headers}: a request with a malformed one is answered 400. */
    final List<HeaderName> strictHeaders;

    /** {@code upstream_http_filters}: what tries to clusters without filters of their own pass. */
    final List<ChainFilter> upstreamFilters;

    /** Null = tries are not logged. */
    final @Nullable UpstreamLog upstreamLog;

    private final Scope root;
    private final ConcurrentMap<String, VirtualClusterStats> virtualClusters = new ConcurrentHashMap<>();

    RouterConfig(
            ClusterManager clusters,
            Upstreams upstreams,
            Scope root,
            RouterStats stats,
            boolean dynamicStats,
            boolean suppressEnvoyHeaders,
            boolean respectExpectedTimeout,
            boolean suppressGrpcFailureStats,
            boolean startChildSpan,
            List<HeaderName> strictHeaders,
            List<ChainFilter> upstreamFilters,
            @Nullable UpstreamLog upstreamLog) {
        this.clusters = clusters;
        this.upstreams = upstreams;
        this.root = root;
        this.stats = stats;
        this.dynamicStats = dynamicStats;
        this.suppressEnvoyHeaders = suppressEnvoyHeaders;
        this.respectExpectedTimeout = respectExpectedTimeout;
        this.suppressGrpcFailureStats = suppressGrpcFailureStats;
        this.startChildSpan = startChildSpan;
        this.strictHeaders = List.copyOf(strictHeaders);
        this.upstreamFilters = List.copyOf(upstreamFilters);
        this.upstreamLog = upstreamLog;
    }

    /** The stats of a virtual cluster, or of a route that has some. */
    VirtualClusterStats named(String statPrefix) {
        VirtualClusterStats known = virtualClusters.get(statPrefix);
        return known != null
                ? known
                : virtualClusters.computeIfAbsent(statPrefix, p -> new VirtualClusterStats(root.scope(p)));
    }

    /** Tells downstream that the request was dropped, for want of room and not of an upstream. */
    void addOverloaded(HeaderMap headers) {
        if (!suppressEnvoyHeaders) {
            headers.set(RouterHeaders.OVERLOADED, "true");
        }
    }
}
