package dev.mishap.proxy.xds.lrs;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.upstream.client.GrpcService;
import java.util.List;
import java.util.function.Predicate;

/**
 * {@code cluster_manager.load_stats_config}: where load reports go.
 *
 * @param service that takes them
 */
public record LoadStatsConfig(GrpcService service) {
    /** Of {@code ApiConfigSource}; other uses of the message have them. */
    private static final List<String> WITHOUT_EFFECT = List.of(
            "cluster_names",
            "refresh_delay",
            "request_timeout",
            "rate_limit_settings",
            "set_node_on_first_message_only");

    /**
     * Reads an {@code envoy.config.core.v3.ApiConfigSource}.
     *
     * @param clusters whether there is a cluster of that name
     */
    public static LoadStatsConfig from(ConfigNode api, Predicate<String> clusters) {
        String type = api.enumName("api_type");
        if (!type.equals("GRPC")) {
            throw api.error("api_type", type + " is not supported: load reports go over GRPC");
        }
        for (String field : WITHOUT_EFFECT) {
            if (api.has(field)) {
                throw api.error(field, "is not supported for load reports");
            }
        }
        List<ConfigNode> services = api.messages("grpc_services");
        if (services.size() != 1) {
            throw api.error("grpc_services", "load reports go to one gRPC service, got " + services.size());
        }
        GrpcService service = GrpcService.ofStream(services.get(0));
        if (!clusters.test(service.cluster())) {
            throw new ConfigException("Unknown gRPC client cluster '" + service.cluster() + "'");
        }
        return new LoadStatsConfig(service);
    }
}
