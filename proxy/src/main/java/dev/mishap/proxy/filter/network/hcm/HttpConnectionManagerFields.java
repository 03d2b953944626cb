package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/** What is supported of the connection manager's messages. */
public final class HttpConnectionManagerFields {
    static final String HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

    private static final String SCOPED = "envoy.extensions.filters.network.http_connection_manager.v3.ScopedRoutes";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(HCM)
                    .supported(
                            "codec_type",
                            "stat_prefix",
                            "route_config",
                            "rds",
                            "scoped_routes",
                            "http_filters",
                            "common_http_protocol_options",
                            "http_protocol_options",
                            "server_name",
                            "server_header_transformation",
                            "max_request_headers_kb",
                            "stream_idle_timeout",
                            "request_timeout",
                            "request_headers_timeout",
                            "delayed_close_timeout",
                            "access_log",
                            "tracing",
                            "access_log_options",
                            "access_log_flush_interval",
                            "flush_access_log_on_new_request",
                            "use_remote_address",
                            "xff_num_trusted_hops",
                            "internal_address_config",
                            "skip_xff_append",
                            "via",
                            "add_user_agent",
                            "request_id_extension",
                            "generate_request_id",
                            "preserve_external_request_id",
                            "always_set_request_id_in_response",
                            "forward_client_cert_details",
                            "set_current_client_cert_details",
                            "upgrade_configs")
                    .supported(
                            "proxy_100_continue",
                            "normalize_path",
                            "merge_slashes",
                            "path_with_escaped_slashes_action",
                            "local_reply_config",
                            "strip_matching_host_port",
                            "strip_any_host_port",
                            "strip_trailing_host_dot")
                    .supported(
                            "http2_protocol_options",
                            "drain_timeout",
                            "drain_timeout_jitter",
                            "stream_error_on_invalid_http_message")
                    .supported(
                            "original_ip_detection_extensions",
                            "early_header_mutation_extensions",
                            "scheme_header_transformation",
                            "append_x_forwarded_port",
                            "proxy_status_config",
                            "append_local_overload",
                            "http1_safe_max_connection_duration",
                            "add_proxy_protocol_connection_state")
                    .accepted(
                            "represent_ipv4_remote_address_as_ipv4_mapped_ipv6",
                            "Envoy reads it and writes the same addresses as without it")
                    .accepted("path_normalization_options", "Envoy does nothing with it")
                    .refused(
                            "typed_header_validation_config",
                            "Envoy's binary does not support header validators, either"),
            SupportedFields.of("envoy.config.core.v3.SchemeHeaderTransformation")
                    .supported("scheme_to_overwrite", "match_upstream"),
            SupportedFields.of(HCM + ".ProxyStatusConfig")
                    .supported(
                            "remove_details",
                            "remove_connection_termination_details",
                            "remove_response_flags",
                            "set_recommended_response_code",
                            "use_node_id",
                            "literal_proxy_name"),
            SupportedFields.of(IdentityConfig.EARLY_MUTATION).supported("mutations"),
            SupportedFields.of(HCM + ".SetCurrentClientCertDetails")
                    .supported("subject", "cert", "chain", "dns", "uri", "issuer", "format"),
            SupportedFields.of(HCM + ".UpgradeConfig").supported("upgrade_type", "enabled", "filters"),
            SupportedFields.of(HCM + ".HcmAccessLogOptions")
                    .supported(
                            "access_log_flush_interval",
                            "flush_access_log_on_new_request",
                            "flush_log_on_tunnel_successfully_established"),
            SupportedFields.of(HCM + ".InternalAddressConfig").supported("cidr_ranges", "unix_sockets"),
            SupportedFields.of("envoy.config.core.v3.CidrRange").supported("address_prefix", "prefix_len"),
            SupportedFields.of("envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter")
                    .supported("name", "typed_config", "config_discovery", "is_optional", "disabled"),
            SupportedFields.of("envoy.extensions.filters.network.http_connection_manager.v3.Rds")
                    .supported("config_source", "route_config_name"),
            SupportedFields.of(SCOPED)
                    .supported("name", "scope_key_builder", "rds_config_source")
                    .supported("scoped_route_configurations_list", "scoped_rds"),
            SupportedFields.of(SCOPED + ".ScopeKeyBuilder").supported("fragments"),
            SupportedFields.of(SCOPED + ".ScopeKeyBuilder.FragmentBuilder").supported("header_value_extractor"),
            SupportedFields.of(SCOPED + ".ScopeKeyBuilder.FragmentBuilder.HeaderValueExtractor")
                    .supported("name", "element_separator", "index", "element"),
            SupportedFields.of(SCOPED + ".ScopeKeyBuilder.FragmentBuilder.HeaderValueExtractor.KvElement")
                    .supported("separator", "key"),
            SupportedFields.of("envoy.extensions.filters.network.http_connection_manager.v3."
                            + "ScopedRouteConfigurationsList")
                    .supported("scoped_route_configurations"),
            SupportedFields.of("envoy.extensions.filters.network.http_connection_manager.v3.ScopedRds")
                    .supported("scoped_rds_config_source"),
            SupportedFields.of("envoy.config.route.v3.ScopedRouteConfiguration")
                    .supported("on_demand", "name", "route_configuration_name", "route_configuration", "key"),
            SupportedFields.of("envoy.config.route.v3.ScopedRouteConfiguration.Key")
                    .supported("fragments"),
            SupportedFields.of("envoy.config.route.v3.ScopedRouteConfiguration.Key.Fragment")
                    .supported("string_key"),
            SupportedFields.of("envoy.config.core.v3.ExtensionConfigSource")
                    .supported("config_source", "default_config", "apply_default_config_without_warming", "type_urls"),
            SupportedFields.of("envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig")
                    .supported("mappers", "body_format"),
            SupportedFields.of("envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper")
                    .supported("filter", "status_code", "body", "body_format_override", "headers_to_add"));

    /** The messages of {@code original_ip_detection_extensions}. */
    public static final List<SupportedFields> ORIGINAL_IP = OriginalIpDetections.FIELDS;

    private HttpConnectionManagerFields() {}
}
