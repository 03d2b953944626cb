package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.config.TransportVersion;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.route.match.HeaderNames;
import dev.mishap.proxy.route.match.MetadataMatcher;
import dev.mishap.proxy.route.match.RuntimeFlag;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.HttpUri;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code ExtAuthz}, resolved.
 *
 * @param http the service that is asked, or null when it is the other one
 * @param statusOnError of the answer when the service can't be asked
 * @param enabled null = always
 * @param enabledMetadata what else must be so, or null
 * @param body what of a request's body the service gets, or null for nothing
 * @param statPrefix of the stats of the request's cluster, {@code ""} for none
 * @param toService which headers the service gets
 * @param rawHeaders whether it gets headers one by one and as bytes
 * @param takesMetadata whether metadata of an answer is kept
 * @param maxDeniedBody how many bytes of the service's words a refusal may repeat; 0 = all
 */
record ExtAuthzConfig(
        @Nullable Service http,
        @Nullable GrpcService grpc,
        boolean failureModeAllow,
        boolean failureModeHeader,
        int statusOnError,
        boolean clearRouteCache,
        @Nullable RuntimeFraction enabled,
        @Nullable MetadataMatcher enabledMetadata,
        RuntimeFlag denyAtDisable,
        @Nullable Body body,
        String statPrefix,
        boolean chargeCluster,
        HeaderNames toService,
        HeaderNames neverToService,
        boolean rawHeaders,
        boolean peerCertificate,
        boolean tlsSession,
        List<String> metadataNamespaces,
        List<String> routeMetadataNamespaces,
        boolean takesMetadata,
        int maxDeniedBody) {
    static final String FILTER = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz";
    static final String PER_ROUTE = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute";
    private static final long DEFAULT_TIMEOUT_NANOS = 200_000_000;
    private static final String PACKAGE = "envoy.extensions.filters.http.ext_authz.v3.";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER)
                    .supported(
                            "http_service",
                            "grpc_service",
                            "failure_mode_allow",
                            "failure_mode_allow_header_add",
                            "with_request_body",
                            "clear_route_cache",
                            "max_denied_response_body_bytes",
                            "status_on_error",
                            "filter_enabled",
                            "filter_enabled_metadata",
                            "deny_at_disable",
                            "stat_prefix",
                            "allowed_headers",
                            "disallowed_headers",
                            "charge_cluster_response_stats",
                            "encode_raw_headers",
                            "include_peer_certificate",
                            "include_tls_session",
                            "metadata_context_namespaces",
                            "route_metadata_context_namespaces",
                            "enable_dynamic_metadata_ingestion")
                    .accepted("transport_api_version", "only V3 is spoken, whatever it says, in Envoy, too"),
            SupportedFields.of(PACKAGE + "HttpService")
                    .supported(
                            "server_uri",
                            "path_prefix",
                            "path_override",
                            "authorization_request",
                            "authorization_response"),
            SupportedFields.of(PACKAGE + "AuthorizationRequest").supported("allowed_headers", "headers_to_add"),
            SupportedFields.of(PACKAGE + "AuthorizationResponse")
                    .supported(
                            "allowed_upstream_headers",
                            "allowed_upstream_headers_to_append",
                            "allowed_client_headers",
                            "allowed_client_headers_on_success",
                            "dynamic_metadata_from_headers"),
            SupportedFields.of(PACKAGE + "BufferSettings")
                    .supported("max_request_bytes", "allow_partial_message", "pack_as_bytes"),
            SupportedFields.of(PER_ROUTE).supported("disabled", "check_settings"),
            SupportedFields.of(PACKAGE + "CheckSettings")
                    .supported("disable_request_body_buffering", "with_request_body", "context_extensions"));

    /**
     * What the service is, and what is made of its answers.
     *
     * @param path of every request to it; {@code ""} = that of the client's request, after the prefix
     */
    record Service(
            String cluster,
            long timeoutNanos,
            String pathPrefix,
            String path,
            List<Header> added,
            HeaderNames upstream,
            HeaderNames upstreamAppended,
            HeaderNames client,
            HeaderNames clientOnSuccess,
            HeaderNames metadata) {}

    /** A header that every request to the service gets. */
    record Header(HeaderName name, String value) {}

    /** What of a request's body the service gets. */
    record Body(int maxBytes, boolean partial, boolean asBytes) {
        static @Nullable Body from(@Nullable ConfigNode node) {
            return node == null
                    ? null
                    : new Body(
                            (int) Math.min(node.integer("max_request_bytes", 0), Integer.MAX_VALUE),
                            node.bool("allow_partial_message", false),
                            node.bool("pack_as_bytes", false));
        }
    }

    /** What a route says; {@code body} stands in for the filter's unless it is null. */
    record PerRoute(
            boolean disabled, boolean withoutBody, @Nullable Body body, Map<String, String> extensions) {
        static PerRoute from(ConfigNode node) {
            ConfigNode settings = node.message("check_settings");
            return new PerRoute(
                    node.bool("disabled", false),
                    settings != null && settings.bool("disable_request_body_buffering", false),
                    settings == null ? null : Body.from(settings.message("with_request_body")),
                    settings == null ? Map.of() : settings.stringMap("context_extensions"));
        }
    }

    /** As much of the service's words as a refusal may repeat; characters stay whole. */
    String deniedBody(String body) {
        byte[] bytes = maxDeniedBody == 0 ? null : body.getBytes(StandardCharsets.UTF_8);
        if (bytes == null || bytes.length <= maxDeniedBody) {
            return body;
        }
        int end = maxDeniedBody;
        while (end > 0 && (bytes[end] & 0xc0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    static ExtAuthzConfig from(ConfigNode node) {
        TransportVersion.check(node);
        ConfigNode grpc = node.message("grpc_service");
        ConfigNode http = node.message("http_service");
        ConfigNode request = http == null ? null : http.message("authorization_request");
        ConfigNode status = node.message("status_on_error");
        ConfigNode enabled = node.message("filter_enabled");
        ConfigNode metadata = node.message("filter_enabled_metadata");
        RuntimeFlag deny = RuntimeFlag.from(node.message("deny_at_disable"));
        ConfigNode allowed = node.message("allowed_headers");
        if (allowed == null && request != null) {
            allowed = request.message("allowed_headers");
        }
        return new ExtAuthzConfig(
                http == null ? null : service(http, request),
                http == null ? grpc(grpc) : null,
                node.bool("failure_mode_allow", false),
                node.bool("failure_mode_allow_header_add", false),
                status == null || status.integer("code", 0) == 0 ? 403 : (int) status.integer("code", 0),
                node.bool("clear_route_cache", false),
                enabled == null ? null : RuntimeFraction.from(enabled),
                metadata == null ? null : MetadataMatcher.from(metadata),
                deny == null ? new RuntimeFlag("", false) : deny,
                Body.from(node.message("with_request_body")),
                node.string("stat_prefix"),
                node.bool("charge_cluster_response_stats", true),
                HeaderNames.of(allowed),
                HeaderNames.of(node.message("disallowed_headers")),
                node.bool("encode_raw_headers", false),
                node.bool("include_peer_certificate", false),
                node.bool("include_tls_session", false),
                node.strings("metadata_context_namespaces"),
                node.strings("route_metadata_context_namespaces"),
                node.bool("enable_dynamic_metadata_ingestion", true),
                (int) Math.min(node.integer("max_denied_response_body_bytes", 0), Integer.MAX_VALUE));
    }

    private static GrpcService grpc(@Nullable ConfigNode node) {
        if (node == null) {
            // Envoy takes a configuration without a service, too, and then can't ask anybody.
            return new GrpcService("", "", DEFAULT_TIMEOUT_NANOS, List.of());
        }
        GrpcService service = GrpcService.from(node);
        long timeout = node.has("timeout") ? service.timeoutNanos() : DEFAULT_TIMEOUT_NANOS;
        List<String> metadata = new ArrayList<>(service.metadata());
        if (timeout > 0) {
            // Not every call of the proxy's own tells this; a check does.
            metadata.add("x-envoy-expected-rq-timeout-ms");
            metadata.add(Long.toString(Math.max(1, timeout / 1_000_000)));
        }
        return service.with(timeout, metadata);
    }

    private static Service service(ConfigNode http, @Nullable ConfigNode request) {
        // The cluster is asked under the host and path of the request that is checked.
        HttpUri uri = HttpUri.from(http.required("server_uri"));
        ConfigNode response = http.message("authorization_response");
        List<Header> added = new ArrayList<>();
        if (request != null) {
            for (ConfigNode header : request.messages("headers_to_add")) {
                added.add(new Header(HeaderName.of(header.string("key")), WireText.encode(header.string("value"))));
            }
        }
        String path = http.string("path_override");
        if (!path.isEmpty() && !http.string("path_prefix").isEmpty()) {
            throw new ConfigException("Only one of path_prefix or path_override may be set, not both.");
        }
        if (!path.isEmpty() && !path.startsWith("/")) {
            throw new ConfigException("path_override should start with \"/\".");
        }
        return new Service(
                uri.cluster(),
                uri.timeoutNanos(),
                WireText.encode(http.string("path_prefix")),
                WireText.encode(path),
                List.copyOf(added),
                names(response, "allowed_upstream_headers"),
                names(response, "allowed_upstream_headers_to_append"),
                names(response, "allowed_client_headers"),
                names(response, "allowed_client_headers_on_success"),
                names(response, "dynamic_metadata_from_headers"));
    }

    private static HeaderNames names(@Nullable ConfigNode response, String field) {
        return HeaderNames.of(response == null ? null : response.message(field));
    }
}
