package dev.mishap.proxy.filter.http.grpchttp1bridge;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.grpc_http1_bridge}. */
public final class GrpcHttp1BridgeExtension implements HttpFilterExtension {
    private static final String FILTER = "envoy.extensions.filters.http.grpc_http1_bridge.v3.Config";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(FILTER).supported("upgrade_protobuf_to_grpc", "ignore_query_parameters"));

    @Override
    public String name() {
        return "envoy.filters.http.grpc_http1_bridge";
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
        boolean upgrades = config.bool("upgrade_protobuf_to_grpc", false);
        boolean dropsQuery = config.bool("ignore_query_parameters", false);
        return () -> new GrpcHttp1BridgeFilter(upgrades, dropsQuery);
    }
}
