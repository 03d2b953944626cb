package dev.mishap.proxy.filter.http.dynamicforward;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.discovery.HostCacheFields;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.ArrayList;
import java.util.List;

/** {@code envoy.filters.http.dynamic_forward_proxy}. */
public final class DynamicForwardExtension implements HttpFilterExtension {
    private static final String V3 = "envoy.extensions.filters.http.dynamic_forward_proxy.v3.";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = fields();

    private static List<SupportedFields> fields() {
        List<SupportedFields> all = new ArrayList<>();
        all.add(SupportedFields.of(V3 + "FilterConfig").supported("dns_cache_config"));
        all.add(SupportedFields.of(V3 + "PerRouteConfig").supported("host_rewrite_literal", "host_rewrite_header"));
        all.addAll(HostCacheFields.ALL);
        return List.copyOf(all);
    }

    @Override
    public String name() {
        return "envoy.filters.http.dynamic_forward_proxy";
    }

    @Override
    public String typeUrl() {
        return V3 + "FilterConfig";
    }

    @Override
    public String perRouteTypeUrl() {
        return V3 + "PerRouteConfig";
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        ClusterManager clusters = context.service(ClusterManager.class);
        clusters.context().hostCache(HostCacheFields.from(config.messageOrEmpty("dns_cache_config")));
        return () -> new DynamicForwardFilter(filterName, clusters);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return HostRewrite.from(config);
    }
}
