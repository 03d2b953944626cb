package dev.mishap.proxy.filter.http.ratelimit;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import java.util.List;

/** {@code envoy.filters.http.ratelimit}. */
public final class RateLimitExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = RateLimitConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.ratelimit";
    }

    @Override
    public String typeUrl() {
        return RateLimitConfig.FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return RateLimitConfig.PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        RateLimitConfig parsed = RateLimitConfig.from(config, context.nodeCluster());
        RateLimitStats stats = new RateLimitStats(parsed.statPrefix());
        ClusterManager clusters = context.service(ClusterManager.class);
        AsyncGrpcClient client = context.service(AsyncGrpcClient.class);
        RandomSource random =
                RandomSource.seeded(context.randomSeed() ^ config.path().hashCode() * 0x9e3779b97f4a7c15L);
        RateLimitFilter.Service service =
                (call, stream, domain, hits) -> call.ask(client, parsed.service(), stream.loop(), domain, hits);
        return () -> new RateLimitFilter(filterName, parsed, stats, clusters::get, service, random);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return RateLimitConfig.PerRoute.from(config, context.nodeCluster());
    }
}
