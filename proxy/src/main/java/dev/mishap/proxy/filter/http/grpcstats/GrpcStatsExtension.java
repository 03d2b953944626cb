package dev.mishap.proxy.filter.http.grpcstats;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.grpc_stats}. It has no per-route configuration. */
public final class GrpcStatsExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = GrpcStatsConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.grpc_stats";
    }

    @Override
    public String typeUrl() {
        return GrpcStatsConfig.FILTER;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        GrpcStatsConfig parsed = GrpcStatsConfig.from(config);
        MethodStats.Registry registry = new MethodStats.Registry("grpc.");
        ClusterManager clusters = context.service(ClusterManager.class);
        return () -> new GrpcStatsFilter(parsed, registry, clusters::get);
    }
}
