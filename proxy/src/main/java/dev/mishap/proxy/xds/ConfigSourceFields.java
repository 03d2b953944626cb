package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/** What is supported of the messages that say where configuration comes from. */
public final class ConfigSourceFields {
    private static final String CORE = "envoy.config.core.v3.";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(CORE + "ConfigSource")
                    .supported(
                            "path", "path_config_source", "api_config_source", "ads", "self", "initial_fetch_timeout")
                    .refused("authorities", "xdstp:// names are not supported")
                    .accepted("resource_api_version", "there is only V3"),
            SupportedFields.of(CORE + "AggregatedConfigSource"),
            SupportedFields.of(CORE + "SelfConfigSource").accepted("transport_api_version", "there is only V3"),
            SupportedFields.of(CORE + "ApiConfigSource")
                    .supported("api_type", "cluster_names", "grpc_services", "refresh_delay", "request_timeout")
                    .supported("rate_limit_settings", "set_node_on_first_message_only")
                    .accepted("transport_api_version", "there is only V3"),
            SupportedFields.of(CORE + "RateLimitSettings").supported("max_tokens", "fill_rate"),
            SupportedFields.of(CORE + "PathConfigSource").supported("path", "watched_directory"),
            SupportedFields.of(CORE + "WatchedDirectory").supported("path"));

    private ConfigSourceFields() {}
}
