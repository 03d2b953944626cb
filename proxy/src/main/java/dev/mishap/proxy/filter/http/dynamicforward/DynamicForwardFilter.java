package dev.mishap.proxy.filter.http.dynamicforward;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.discovery.DynamicForwardSource;
import dev.mishap.proxy.dns.cache.CachedHost;
import dev.mishap.proxy.dns.cache.HostCache;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.SelectedRoute;
import org.jspecify.annotations.Nullable;

/** Holds a request to a dynamic forward proxy's cluster until the address of its host is known. */
final class DynamicForwardFilter implements HttpFilter {
    private static final LocalReply OVERFLOW = LocalReply.of(503, "DNS cache overflow", "dns_cache_overflow");
    private static final LocalReply PENDING_OVERFLOW = LocalReply.of(
            503, "Dynamic forward proxy pending request overflow", "dynamic_forward_proxy_pending_request_overflow");

    private final String name;
    private final ClusterManager clusters;
    /** The cache that this waits for; null when it does not. */
    private @Nullable HostCache waitsFor;

    private boolean over;

    DynamicForwardFilter(String name, ClusterManager clusters) {
        this.name = name;
        this.clusters = clusters;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        SelectedRoute route = stream.route();
        String to = route == null ? null : route.clusterName();
        Cluster cluster = to == null ? null : clusters.get(to);
        if (cluster == null || !(cluster.source() instanceof DynamicForwardSource source)) {
            return Flow.CONTINUE;
        }
        if (stream.perFilterConfig(name) instanceof HostRewrite rewrite) {
            rewrite.apply(headers);
        }
        String host = headers.get(HeaderName.AUTHORITY);
        if (host == null) {
            return Flow.CONTINUE;
        }
        return resolve(stream, cluster, source.cache(), HostCache.key(host, source.defaultPort()));
    }

    private Flow resolve(HttpStream stream, Cluster cluster, HostCache cache, String key) {
        CachedHost known = cache.find(key);
        if (known != null && known.answered()) {
            return known.address() != null ? Flow.CONTINUE : failed(stream, cluster, known);
        }
        if (!cache.mayWait()) {
            return reply(stream, cluster, PENDING_OVERFLOW);
        }
        if (known == null && cache.full()) {
            cache.answered();
            return reply(stream, cluster, OVERFLOW);
        }
        waitsFor = cache;
        cache.load(key, () -> stream.loop().execute(() -> answered(stream, cluster, cache, key)));
        return Flow.PAUSE;
    }

    private void answered(HttpStream stream, Cluster cluster, HostCache cache, String key) {
        if (over) {
            return;
        }
        waitsFor = null;
        cache.answered();
        CachedHost host = cache.find(key);
        if (host == null || host.address() != null) {
            stream.resumeRequest(this);
        } else {
            failed(stream, cluster, host);
        }
    }

    private static Flow failed(HttpStream stream, Cluster cluster, CachedHost host) {
        stream.info().addFlag(ResponseFlag.DNS_RESOLUTION_FAILED);
        return reply(
                stream,
                cluster,
                LocalReply.of(503, "DNS resolution failure", "dns_resolution_failure{" + host.failure() + "}"));
    }

    /** The router is not reached, which else says where the request was going. */
    private static Flow reply(HttpStream stream, Cluster cluster, LocalReply reply) {
        stream.info().upstreamCluster = cluster.config().statName();
        stream.info().upstreamClusterRaw = cluster.name();
        stream.sendLocalReply(reply);
        return Flow.PAUSE;
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        over = true;
        HostCache cache = waitsFor;
        if (cache != null) {
            waitsFor = null;
            cache.answered();
        }
    }
}
