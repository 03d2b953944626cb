package dev.mishap.proxy.filter.http.rbac;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.rbac.RbacStats;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.rbac}. A route's configuration replaces the filter's, but for its stats. */
public final class RbacExtension implements HttpFilterExtension {
    /** The messages that the filter reads, beside the engine's. */
    public static final List<SupportedFields> FIELDS = RbacConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.rbac";
    }

    @Override
    public String typeUrl() {
        return RbacConfig.FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return RbacConfig.PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        RbacConfig parsed = RbacConfig.from(config);
        RbacStats stats = new RbacStats(context.scope().scope("rbac."), parsed.rulesPrefix(), parsed.shadowPrefix());
        return () -> new RbacFilter(filterName, parsed, stats, false);
    }

    @Override
    public String upstreamName() {
        return "envoy.filters.http.upstream_rbac";
    }

    @Override
    public HttpFilterFactory parseUpstream(String filterName, ConfigNode config, FilterContext context) {
        RbacConfig parsed = RbacConfig.from(config);
        RbacStats stats = new RbacStats(context.scope().scope("rbac."), parsed.rulesPrefix(), parsed.shadowPrefix());
        return () -> new RbacFilter(filterName, parsed, stats, true);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        ConfigNode rbac = config.message("rbac");
        return rbac == null ? RbacConfig.OFF : RbacConfig.from(rbac);
    }
}
