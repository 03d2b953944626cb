package dev.mishap.proxy.filter.http.ondemand;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.OnDemandClusters;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.PendingRoute;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.xds.OnDemandNames;
import org.jspecify.annotations.Nullable;

/**
 * Holds a request without a route until its virtual host was fetched, and then one whose cluster is unknown until that was. The request goes
 * on from here in any case; what is still missing then, the router tells the client. Filters before this one have done their part by the
 * route of before.
 */
final class OnDemandFilter implements HttpFilter {
    private final String name;
    private final OnDemandConfig config;
    private final ClusterManager clusters;
    private @Nullable PendingRoute pending;

    OnDemandFilter(String name, OnDemandConfig config, ClusterManager clusters) {
        this.name = name;
        this.config = config;
        this.clusters = clusters;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (stream.route() == null) {
            pending = stream.fetchRoute(() -> routeFetched(stream));
            return pending == null ? Flow.CONTINUE : Flow.PAUSE;
        }
        return waitsForCluster(stream) ? Flow.PAUSE : Flow.CONTINUE;
    }

    private void routeFetched(HttpStream stream) {
        pending = null;
        stream.clearRouteCache();
        if (!waitsForCluster(stream)) {
            stream.resumeRequest(this);
        }
    }

    private boolean waitsForCluster(HttpStream stream) {
        SelectedRoute route = stream.route();
        String cluster = route == null ? null : route.clusterName();
        if (cluster == null || clusters.get(cluster) != null || !OnDemandNames.isPlain(cluster)) {
            return false;
        }
        OnDemandConfig here = stream.perFilterConfig(name) instanceof OnDemandConfig own ? own : config;
        OnDemandClusters.Source source = here.clusters();
        if (source == null) {
            return false;
        }
        pending = source.want(cluster, stream.loop(), here.timeoutNanos(), () -> {
            pending = null;
            stream.resumeRequest(this);
        })::cancel;
        return true;
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        PendingRoute waiting = pending;
        if (waiting != null) {
            waiting.cancel();
        }
    }
}
