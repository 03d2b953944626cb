package dev.mishap.proxy.config;

import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/** Messages that several translators read: addresses, percentages, protocol options. */
public final class CommonFields {
    /** What we make of them. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.core.v3.Address")
                    .supported("socket_address", "pipe", "envoy_internal_address"),
            SupportedFields.of("envoy.config.core.v3.EnvoyInternalAddress")
                    .supported("server_listener_name", "endpoint_id"),
            SupportedFields.of("envoy.config.core.v3.Pipe").supported("path", "mode"),
            SupportedFields.of("envoy.config.core.v3.SocketAddress")
                    .supported("protocol", "address", "port_value", "ipv4_compat")
                    .refused(
                            "network_namespace_filepath",
                            "a JVM has no way to have one thread in another namespace (setns); start the process in it,"
                                    + " as by ip netns exec"),
            SupportedFields.of("envoy.config.core.v3.Locality").supported("region", "zone", "sub_zone"),
            SupportedFields.of("envoy.config.core.v3.ProxyProtocolPassThroughTLVs")
                    .supported("match_type", "tlv_type"),
            SupportedFields.of("envoy.type.v3.Percent").supported("value"),
            SupportedFields.of("envoy.config.core.v3.HttpProtocolOptions")
                    .supported(
                            "idle_timeout",
                            "max_connection_duration",
                            "max_connection_duration_jitter",
                            "max_headers_count",
                            "max_response_headers_kb",
                            "max_stream_duration",
                            "headers_with_underscores_action",
                            "max_requests_per_connection"),
            SupportedFields.of("envoy.config.core.v3.Http1ProtocolOptions")
                    .supported("accept_http_10", "default_host_for_http_10", "header_key_format", "enable_trailers")
                    .supported("allow_absolute_url", "allow_chunked_length", "allow_custom_methods")
                    .supported("override_stream_error_on_invalid_http_message", "send_fully_qualified_url")
                    .supported("ignore_http_11_upgrade")
                    .accepted("use_balsa_parser", "there is one parser"),
            SupportedFields.of("envoy.config.core.v3.Http2ProtocolOptions")
                    .supported("hpack_table_size", "max_concurrent_streams", "initial_stream_window_size")
                    .supported("initial_connection_window_size", "allow_connect", "max_outbound_frames")
                    .supported("max_outbound_control_frames", "max_consecutive_inbound_frames_with_empty_payload")
                    .supported("max_inbound_priority_frames_per_stream")
                    .supported("max_inbound_window_update_frames_per_data_frame_sent")
                    .supported("stream_error_on_invalid_http_messaging")
                    .supported("override_stream_error_on_invalid_http_message")
                    .supported("custom_settings_parameters", "connection_keepalive")
                    .accepted("use_oghttp2_codec", "there is one codec")
                    .refused(
                            "allow_metadata",
                            "frames of type METADATA, an extension of Envoy's, are ignored as RFC 9113 says")
                    .refused("max_metadata_size", "there are no METADATA frames"),
            SupportedFields.of("envoy.config.core.v3.Http2ProtocolOptions.SettingsParameter")
                    .supported("identifier", "value"),
            SupportedFields.of("envoy.config.core.v3.KeepaliveSettings")
                    .supported("interval", "timeout", "interval_jitter", "connection_idle_interval"),
            SupportedFields.of("envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat")
                    .supported("proper_case_words"),
            SupportedFields.of("envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords"));

    private CommonFields() {}
}
