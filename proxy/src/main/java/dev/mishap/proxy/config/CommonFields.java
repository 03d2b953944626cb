package dev.mishap.proxy.config;

import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/** Messages that several translators read: addresses, percentages, protocol options. */
public final class CommonFields {
    /** What we make of them. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.core.v3.Address").supported("socket_address", "pipe"),
            SupportedFields.of("envoy.config.core.v3.Pipe").supported("path", "mode"),
            SupportedFields.of("envoy.config.core.v3.SocketAddress").supported("protocol", "address", "port_value"),
            SupportedFields.of("envoy.config.core.v3.Locality").supported("region", "zone", "sub_zone"),
            SupportedFields.of("envoy.type.v3.Percent").supported("value"),
            SupportedFields.of("envoy.config.core.v3.HttpProtocolOptions")
                    .supported(
                            "idle_timeout",
                            "max_connection_duration",
                            "max_headers_count",
                            "max_response_headers_kb",
                            "max_stream_duration",
                            "headers_with_underscores_action",
                            "max_requests_per_connection"),
            SupportedFields.of("envoy.config.core.v3.Http1ProtocolOptions")
                    .supported("accept_http_10", "default_host_for_http_10", "header_key_format", "enable_trailers")
                    .supported("allow_absolute_url")
                    .accepted("use_balsa_parser", "there is one parser"),
            SupportedFields.of("envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat")
                    .supported("proper_case_words"),
            SupportedFields.of("envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords"));

    private CommonFields() {}
}
