package dev.mishap.proxy.filter.http.ondemand;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.on_demand}. */
public final class OnDemandExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = OnDemandConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.on_demand";
    }

    @Override
    public String typeUrl() {
        return OnDemandConfig.FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return OnDemandConfig.PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        OnDemandConfig parsed = OnDemandConfig.from(config, context);
        ClusterManager clusters = context.service(ClusterManager.class);
        return () -> new OnDemandFilter(filterName, parsed, clusters);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return OnDemandConfig.from(config, context);
    }
}
