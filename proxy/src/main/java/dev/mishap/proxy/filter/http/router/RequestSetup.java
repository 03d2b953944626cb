package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.cluster.VirtualClusterStats;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.Upgrades;
import dev.mishap.proxy.route.ForwardAction;
import dev.mishap.proxy.route.RouteEntry;
import dev.mishap.proxy.route.VirtualCluster;
import dev.mishap.proxy.upstream.Upstreams;
import org.jspecify.annotations.Nullable;

/** From a request that came through the chain to one that may be forwarded: where to, whose stats, which time-outs. */
final class RequestSetup {
    private RequestSetup() {}

    /** The call to make, or null when the request is answered here, which has been done then. */
    static @Nullable Call of(RouterConfig config, HttpStream to, HeaderMap headers) {
        config.stats.total.inc();
        if (!(to.route() instanceof RouteEntry entry)) {
            config.stats.noRoute.inc();
            to.info().addFlag(ResponseFlag.NO_ROUTE_FOUND);
            return answer(to, LocalReply.of(404, "", "route_not_found"));
        }
        LocalReply direct = entry.localReply(to, !config.suppressEnvoyHeaders);
        if (direct != null) {
            config.stats.directResponse.inc();
            return answer(to, direct);
        }
        ForwardAction action = entry.forward();
        String name = entry.clusterName();
        Cluster cluster = name == null ? null : config.clusters.get(name);
        if (action == null || cluster == null) {
            config.stats.noCluster.inc();
            to.info().addFlag(ResponseFlag.NO_CLUSTER_FOUND);
            int status = action == null ? 503 : action.clusterNotFoundStatus();
            // A route that forwards has its part in every answer anyway.
            LocalReply.HeaderEdit edit = action == null ? h -> entry.finalizeResponseHeaders(h, to) : null;
            return answer(to, new LocalReply(status, "", "cluster_not_found", -1, edit));
        }
        return call(config, to, headers, entry, action, cluster);
    }

    private static @Nullable Call answer(HttpStream stream, LocalReply reply) {
        stream.sendLocalReply(reply);
        return null;
    }

    private static @Nullable Call call(
            RouterConfig config,
            HttpStream to,
            HeaderMap headers,
            RouteEntry entry,
            ForwardAction action,
            Cluster cluster) {
        StreamInfo info = to.info();
        info.upstreamCluster = cluster.config().statName();
        info.upstreamClusterRaw = cluster.name();
        info.clusterMetadata = cluster.config().metadata();
        Upstreams.OnLoop loop = config.upstreams.on(to.loop());
        RequestStats stats = stats(config, entry, headers, cluster, info, to.isGrpcRequest());
        String malformed = malformedHeader(config, headers);
        if (malformed != null) {
            info.addFlag(ResponseFlag.INVALID_ENVOY_REQUEST_HEADERS);
            return answer(to, LocalReply.of(400, malformed, "request_headers_failed_strict_check"));
        }
        if (to.runtime().partsPerMillion(cluster.maintenanceKey(), 0)
                > Long.remainderUnsigned(loop.random(), 1_000_000)) {
            info.addFlag(ResponseFlag.UPSTREAM_OVERFLOW);
            stats.response(503, null, null);
            cluster.stats().rqMaintenanceMode.inc();
            return answer(to, new LocalReply(503, "maintenance mode", "maintenance_mode", -1, config::addOverloaded));
        }
        long drop = cluster.endpoints().policy().dropPartsPerMillion();
        if (drop > 0 && (drop >= 1_000_000 || Long.remainderUnsigned(loop.random(), 1_000_000) < drop)) {
            cluster.stats().dropped.increment();
            cluster.stats().droppedByOverload.increment();
            return drop(config, to, stats, drop >= 1_000_000);
        }
        Timeouts timeouts = new Timeouts();
        timeouts.read(action, headers, config.respectExpectedTimeout, to.isGrpcRequest());
        int timeoutStatus = headers.remove(RouterHeaders.TIMEOUT_ALT_RESPONSE) ? 204 : 504;
        return new Call(
                config,
                to,
                entry,
                action,
                loop,
                loop.pools(cluster),
                action.highPriority() ? RequestPriority.HIGH : RequestPriority.DEFAULT,
                stats,
                timeouts,
                to.isGrpcRequest(),
                Upgrades.isConnect(headers) || Upgrades.isWebSocket(headers),
                timeoutStatus);
    }

    /** {@code drop_overloads} of the cluster's assignment: a part of the requests goes nowhere, or all of them. */
    private static @Nullable Call drop(RouterConfig config, HttpStream to, RequestStats stats, boolean all) {
        to.info().addFlag(all ? ResponseFlag.UNCONDITIONAL_DROP_OVERLOAD : ResponseFlag.DROP_OVERLOAD);
        stats.response(503, null, null);
        HeaderName header = all ? RouterHeaders.UNCONDITIONAL_DROP_OVERLOAD : RouterHeaders.DROP_OVERLOAD;
        return answer(
                to,
                new LocalReply(
                        503,
                        all ? "unconditional drop overload" : "drop overload",
                        all ? "unconditional_drop_overload" : "drop_overload",
                        -1,
                        headers -> {
                            if (!config.suppressEnvoyHeaders) {
                                headers.set(header, "true");
                            }
                        }));
    }

    private static RequestStats stats(
            RouterConfig config, RouteEntry entry, HeaderMap headers, Cluster cluster, StreamInfo info, boolean grpc) {
        VirtualCluster virtual = entry.virtualCluster(headers);
        VirtualClusterStats ofVirtual = null;
        boolean internal = "true".equals(headers.get(RouterHeaders.INTERNAL));
        if (virtual != null) {
            // The rest, "other", has stats and no name.
            info.virtualClusterName = virtual.headers().isEmpty() ? null : virtual.name();
            ofVirtual = config.named(virtual.statPrefix());
        }
        RequestStats.Alternative alternative = null;
        String alt = headers.get(RouterHeaders.ALT_STAT_NAME);
        if (alt != null) {
            headers.remove(RouterHeaders.ALT_STAT_NAME);
            alternative = new RequestStats.Alternative(cluster.stats().scope.scope(alt + "."), internal);
        }
        String ofRoute = entry.statPrefix();
        return new RequestStats(
                cluster.stats(),
                internal,
                ofVirtual,
                ofRoute == null ? null : config.named(ofRoute),
                alternative,
                config.dynamicStats && !info.healthCheck,
                !(grpc && config.suppressGrpcFailureStats));
    }

    private static @Nullable String malformedHeader(RouterConfig config, HeaderMap headers) {
        for (HeaderName name : config.strictHeaders) {
            String value = headers.get(name);
            if (value != null && !StrictHeaders.valid(name, value)) {
                return "invalid header '" + name.text() + "' with value '" + value + "'";
            }
        }
        return null;
    }
}
