package dev.mishap.proxy.filter.http.grpcweb;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.grpcstats.MethodStats;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.grpc_web}. */
public final class GrpcWebExtension implements HttpFilterExtension {
    private static final String FILTER = "envoy.extensions.filters.http.grpc_web.v3.GrpcWeb";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(FILTER));

    @Override
    public String name() {
        return "envoy.filters.http.grpc_web";
    }

    @Override
    public String typeUrl() {
        return FILTER;
    }

    @Override
    public boolean takesPerRoute(String messageName) {
        return false;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        ClusterManager clusters = context.service(ClusterManager.class);
        MethodStats.Registry stats = new MethodStats.Registry("grpc-web.");
        return () -> new GrpcWebFilter(stats, clusters::get);
    }
}
