package dev.mishap.proxy.route;

import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.RouteTracing;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A route with its cluster chosen: what the connection manager and the router see of the route table. Immutable, and made when
 * the configuration is loaded, except for a cluster that a request header names.
 */
public final class RouteEntry implements SelectedRoute {
    static final HeaderName ORIGINAL_PATH = HeaderName.of("x-envoy-original-path");
    private static final HeaderName ORIGINAL_HOST = HeaderName.of("x-envoy-original-host");
    private static final HeaderName FORWARDED_HOST = HeaderName.of("x-forwarded-host");

    private final Route route;
    private final @Nullable String cluster;
    private final Levels levels;

    RouteEntry(Route route, @Nullable String cluster, Levels levels) {
        this.route = route;
        this.cluster = cluster;
        this.levels = levels;
    }

    /**
     * What the levels (weighted cluster, route, virtual host, table) add up to.
     *
     * @param request header mutations of the request, in the order in which they apply
     * @param response those of the response
     * @param filters per filter name, what the most specific level says of it
     * @param hostRewrites of the weighted cluster, then of the route
     * @param rateLimits the route's; {@code hostRateLimits} the virtual host's
     * @param includesHostRateLimits whether the route wants both
     * @param metadataMatch of the route and over it of the weighted cluster, or null
     */
    record Levels(
            List<HeaderMutations> request,
            List<HeaderMutations> response,
            Map<String, FilterOverride> filters,
            List<HostRewrite> hostRewrites,
            RateLimitPolicy rateLimits,
            RateLimitPolicy hostRateLimits,
            boolean includesHostRateLimits,
            @Nullable MetadataMatch metadataMatch) {}

    RouteEntry withCluster(@Nullable String name) {
        return new RouteEntry(route, name, levels);
    }

    @Override
    public String name() {
        return route.name();
    }

    @Override
    public @Nullable String clusterName() {
        return cluster;
    }

    @Override
    public boolean forwards() {
        return route.action() instanceof ForwardAction;
    }

    @Override
    public RouteTracing tracing() {
        return route.tracing();
    }

    @Override
    public @Nullable Object perFilterConfig(String filterName) {
        FilterOverride override = levels.filters().get(filterName);
        return override == null ? null : override.config();
    }

    @Override
    public List<Object> perFilterConfigs(String filterName) {
        FilterOverride override = levels.filters().get(filterName);
        return override == null ? List.of() : override.all();
    }

    @Override
    public @Nullable Boolean filterDisabled(String filterName) {
        FilterOverride override = levels.filters().get(filterName);
        return override == null ? null : override.disabled();
    }

    @Override
    public long idleTimeoutNanos() {
        ForwardAction forward = forward();
        return forward == null ? -1 : forward.idleTimeoutNanos();
    }

    @Override
    public long maxStreamDurationNanos(HeaderMap request) {
        ForwardAction forward = forward();
        if (forward == null) {
            return -1;
        }
        long max = forward.grpcTimeoutHeaderMaxNanos();
        long asked = max < 0 ? -1 : GrpcTimeout.nanos(request);
        if (asked < 0) {
            return forward.maxStreamDurationNanos();
        }
        if (max > 0) {
            asked = Math.min(asked, max);
        }
        long offset = forward.grpcTimeoutHeaderOffsetNanos();
        // 0 would mean without end, and the sender means at once.
        return Math.max(1, offset < asked ? asked - offset : asked);
    }

    /** What the metadata of an endpoint must be for this route, or null. */
    public @Nullable MetadataMatch metadataMatch() {
        return levels.metadataMatch();
    }

    /** {@code RouteAction.rate_limits}. */
    public RateLimitPolicy rateLimits() {
        return levels.rateLimits();
    }

    /** {@code VirtualHost.rate_limits}. */
    public RateLimitPolicy virtualHostRateLimits() {
        return levels.hostRateLimits();
    }

    /** {@code RouteAction.include_vh_rate_limits}. */
    public boolean includesVirtualHostRateLimits() {
        return levels.includesHostRateLimits();
    }

    @Override
    public @Nullable Boolean upgradeEnabled(String type) {
        ForwardAction forward = forward();
        return forward == null ? null : forward.upgrades().enabled().get(type);
    }

    /** Where the route's own stats are, {@code vhost.<virtual host>.route.<stat_prefix>.}; null when it has none. */
    public @Nullable String statPrefix() {
        return route.statPrefix();
    }

    /** What the route does. */
    public RouteAction action() {
        return route.action();
    }

    /** How the route forwards, or null when it does not. */
    public @Nullable ForwardAction forward() {
        return route.action() instanceof ForwardAction forward ? forward : null;
    }

    /** The route's {@code metadata.filter_metadata}: namespace to fields. */
    public Map<String, Map<String, Object>> metadata() {
        return route.metadata();
    }

    /** The virtual host's {@code metadata.filter_metadata}: namespace to fields. */
    public Map<String, Map<String, Object>> virtualHostMetadata() {
        return route.host().metadata();
    }

    /** The virtual cluster that the request counts for, or null when the virtual host has none. */
    public @Nullable VirtualCluster virtualCluster(HeaderMap request) {
        return route.host().virtualCluster(request);
    }

    /** The answer of a route that does not forward, or null when it does. */
    public @Nullable LocalReply localReply(HttpStream stream, boolean keepOriginals) {
        LocalReply reply = route.localReply(stream, keepOriginals);
        if (reply == null) {
            return null;
        }
        LocalReply.HeaderEdit location = reply.headers();
        return new LocalReply(reply.status(), reply.body(), reply.details(), reply.grpcStatus(), headers -> {
            if (location != null) {
                location.apply(headers);
            }
            finalizeResponseHeaders(headers, stream);
        });
    }

    /**
     * Makes the request ready for its way upstream: header mutations of all levels, then the host, then the path.
     *
     * @param keepOriginals whether {@code x-envoy-original-path} and {@code x-envoy-original-host} tell the old values (the
     *     router's {@code suppress_envoy_headers} is off)
     */
    public void finalizeRequestHeaders(HeaderMap request, HttpStream stream, boolean keepOriginals) {
        List<HeaderMutations> mutations = levels.request();
        for (int i = 0; i < mutations.size(); i++) {
            mutations.get(i).apply(request, stream, null);
        }
        List<HostRewrite> hosts = levels.hostRewrites();
        for (int i = 0; i < hosts.size(); i++) {
            String host = hosts.get(i).host(request, stream.info());
            if (host != null && !host.isEmpty()) {
                rewriteHost(request, host, keepOriginals);
            }
        }
        PathRewrite path = route.pathRewrite();
        String target = path == null ? null : request.get(HeaderName.PATH);
        String rewritten = path == null || target == null
                ? null
                : path.apply(target, route.matchedLength(target), request, stream.info());
        if (target != null && rewritten != null) {
            if (keepOriginals) {
                request.set(ORIGINAL_PATH, target);
            }
            request.set(HeaderName.PATH, rewritten);
        }
    }

    /** Gives the request another host: for {@link ForwardAction#autoHostRewrite}, the host name of the endpoint picked. */
    public void rewriteHost(HeaderMap request, String host, boolean keepOriginals) {
        String old = request.get(HeaderName.AUTHORITY);
        ForwardAction forward = forward();
        if (old != null && !old.isEmpty()) {
            if (forward != null && forward.appendXForwardedHost()) {
                String before = request.get(FORWARDED_HOST);
                request.set(FORWARDED_HOST, before == null || before.isEmpty() ? old : before + "," + old);
            }
            if (keepOriginals) {
                request.set(ORIGINAL_HOST, old);
            }
        }
        request.set(HeaderName.AUTHORITY, host);
    }

    @Override
    public void finalizeResponseHeaders(HeaderMap response, HttpStream stream) {
        List<HeaderMutations> mutations = levels.response();
        for (int i = 0; i < mutations.size(); i++) {
            mutations.get(i).apply(response, stream, response);
        }
    }
}
