package dev.mishap.proxy.filter.http.healthcheck;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.route.match.HeaderMatcher;
import java.util.List;

/** {@code envoy.filters.http.health_check}. It has no per-route configuration. */
public final class HealthCheckExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = HealthCheckConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.health_check";
    }

    @Override
    public String typeUrl() {
        return HealthCheckConfig.FILTER;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        HealthCheckConfig parsed = HealthCheckConfig.from(config, context.nodeCluster());
        HealthCheckStats stats = new HealthCheckStats(context.scope());
        DrainState drain = context.service(DrainState.class);
        ClusterManager clusters = context.service(ClusterManager.class);
        HealthCheckCache cache = parsed.cacheNanos() > 0 ? new HealthCheckCache(parsed.cacheNanos()) : null;
        return new HttpFilterFactory() {
            @Override
            public HttpFilter create() {
                return new HealthCheckFilter(parsed, stats, drain, clusters::get, cache);
            }

            @Override
            public boolean isProbe(HeaderMap request) {
                return HeaderMatcher.allMatch(parsed.headers(), request);
            }
        };
    }
}
