package dev.mishap.proxy.route;

import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.observe.log.LogFormat;
import dev.mishap.proxy.observe.log.SubstitutionFormatter;
import dev.mishap.proxy.route.match.RegexSubstitution;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.route.match.UriTemplate;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads what a route does: forward, redirect, answer. */
final class RouteActionConfig {
    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.route.v3.RouteAction")
                    .supported(
                            "cluster",
                            "cluster_header",
                            "cors",
                            "rate_limits",
                            "include_vh_rate_limits",
                            "weighted_clusters",
                            "cluster_specifier_plugin",
                            "inline_cluster_specifier_plugin",
                            "cluster_not_found_response_code",
                            "prefix_rewrite",
                            "regex_rewrite",
                            "path_rewrite_policy",
                            "path_rewrite",
                            "host_rewrite",
                            "host_rewrite_literal",
                            "auto_host_rewrite",
                            "host_rewrite_header",
                            "host_rewrite_path_regex",
                            "append_x_forwarded_host",
                            "timeout",
                            "idle_timeout",
                            "retry_policy",
                            "request_mirror_policies",
                            "priority",
                            "upgrade_configs",
                            "hash_policy",
                            "internal_redirect_policy",
                            "internal_redirect_action",
                            "max_internal_redirects",
                            "hedge_policy",
                            "metadata_match",
                            "max_stream_duration",
                            "max_grpc_timeout",
                            "grpc_timeout_offset")
                    .accepted(
                            "retry_policy_typed_config",
                            "Envoy has no extension that reads it, and retries by retry_policy alone")
                    .accepted("early_data_policy", "it is about TLS 1.3 early data of HTTP/3, which is refused"),
            SupportedFields.of("envoy.extensions.early_data.v3.DefaultEarlyDataPolicy"),
            SupportedFields.of("envoy.config.route.v3.HedgePolicy")
                    .supported("hedge_on_per_try_timeout")
                    .accepted("initial_requests", "Envoy reads it and sends one request, too")
                    .accepted("additional_request_chance", "Envoy reads it and sends no other request, too"),
            SupportedFields.of("envoy.config.route.v3.RouteAction.MaxStreamDuration")
                    .supported("max_stream_duration", "grpc_timeout_header_max", "grpc_timeout_header_offset"),
            SupportedFields.of("envoy.config.route.v3.RouteAction.RequestMirrorPolicy")
                    .supported(
                            "cluster",
                            "cluster_header",
                            "runtime_fraction",
                            "disable_shadow_host_suffix_append",
                            "host_rewrite_literal",
                            "request_headers_mutations")
                    .accepted("trace_sampled", "mirrored requests have no spans"),
            SupportedFields.of("envoy.config.route.v3.RedirectAction")
                    .supported(
                            "https_redirect",
                            "scheme_redirect",
                            "host_redirect",
                            "port_redirect",
                            "path_redirect",
                            "path_rewrite",
                            "prefix_rewrite",
                            "regex_rewrite",
                            "response_code",
                            "strip_query"),
            SupportedFields.of("envoy.config.route.v3.DirectResponseAction").supported("status", "body", "body_format"),
            SupportedFields.of("envoy.config.route.v3.NonForwardingAction"),
            SupportedFields.of("envoy.config.route.v3.FilterAction")
                    .accepted("action", "no filter asks for it; the route is one that does not forward, as in Envoy"),
            SupportedFields.of("envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig")
                    .supported("path_template_rewrite"));

    static final String BUFFER_LIMIT = "per_request_buffer_limit_bytes";
    static final String BODY_LIMIT = "request_body_buffer_limit";
    private static final long DEFAULT_TIMEOUT_NANOS = 15_000_000_000L;

    private RouteActionConfig() {}

    /** What a virtual host hands down to its routes. */
    record Inherited(
            long bufferLimit,
            @Nullable ConfigNode hedge,
            @Nullable RetryPolicy retry,
            List<MirrorPolicy> mirrors,
            boolean includeAttemptCount,
            boolean includeAttemptCountInResponse,
            boolean includeIsTimeoutRetry) {}

    static ForwardAction forward(
            ConfigNode route, ConfigNode node, Inherited inherited, RouteContext context, boolean validate) {
        ConfigNode duration = node.message("max_stream_duration");
        RetryPolicy retry = RetryPolicyConfig.from(node.message("retry_policy"));
        List<MirrorPolicy> mirrors = mirrors(node, context, validate);
        return new ForwardAction(
                // A route that bounds the stream's life has no time-out beside, not even one of its own.
                duration == null ? node.durationNanos("timeout", DEFAULT_TIMEOUT_NANOS) : 0,
                node.durationNanos("idle_timeout", -1),
                duration == null ? -1 : duration.durationNanos("max_stream_duration", -1),
                duration == null ? -1 : duration.durationNanos("grpc_timeout_header_max", -1),
                duration == null ? 0 : duration.durationNanos("grpc_timeout_header_offset", 0),
                bufferLimit(route, inherited.bufferLimit()),
                hedges(node.has("hedge_policy") ? node.message("hedge_policy") : inherited.hedge()),
                GrpcRouteTimeout.from(node),
                RetryPolicy.mostSpecific(retry, inherited.retry()),
                mirrors.isEmpty() ? inherited.mirrors() : mirrors,
                node.bool("auto_host_rewrite", false),
                node.bool("append_x_forwarded_host", false),
                notFoundStatus(node.enumName("cluster_not_found_response_code")),
                node.enumName("priority").equals("HIGH"),
                inherited.includeAttemptCount(),
                inherited.includeAttemptCountInResponse(),
                inherited.includeIsTimeoutRetry(),
                UpgradePolicy.from(node),
                HashPolicy.from(node.messages("hash_policy")),
                InternalRedirectPolicy.of(node));
    }

    /** How much of a request's body is kept for another try; the older field counts when the other is not given. */
    static long bufferLimit(ConfigNode node, long inherited) {
        return node.integer(BODY_LIMIT, node.integer(BUFFER_LIMIT, inherited));
    }

    private static boolean hedges(@Nullable ConfigNode policy) {
        return policy != null && policy.bool("hedge_on_per_try_timeout", false);
    }

    /** The {@code metadata_match} of a route or weighted cluster, as far as load balancing looks at it; null = none. */
    static @Nullable MetadataMatch metadataMatch(ConfigNode node) {
        ConfigNode match = node.message("metadata_match");
        if (match != null
                && match.struct("filter_metadata") instanceof Map<?, ?> namespaces
                && namespaces.get(MetadataMatch.NAMESPACE) instanceof Map<?, ?> fields) {
            Map<String, Object> wanted = new HashMap<>();
            fields.forEach((key, value) -> wanted.put(String.valueOf(key), value));
            return wanted.isEmpty() ? null : MetadataMatch.of(wanted);
        }
        return null;
    }

    private static int notFoundStatus(String code) {
        return switch (code) {
            case "NOT_FOUND" -> 404;
            case "INTERNAL_SERVER_ERROR" -> 500;
            default -> 503;
        };
    }

    /** The {@code request_mirror_policies} of a route, virtual host or table. */
    static List<MirrorPolicy> mirrors(ConfigNode holder, RouteContext context, boolean validate) {
        List<MirrorPolicy> mirrors = new ArrayList<>();
        for (ConfigNode node : holder.messages("request_mirror_policies")) {
            String cluster = node.string("cluster");
            String header = node.string("cluster_header");
            if (cluster.isEmpty() && header.isEmpty()) {
                throw new ConfigException(
                        "Exactly one of cluster or cluster_header in request mirror policy need to be specified");
            }
            if (!cluster.isEmpty() && !header.isEmpty()) {
                throw new ConfigException("Only one of cluster '" + cluster + "' or cluster_header '" + header
                        + "' in request mirror policy can be specified");
            }
            if (validate && !cluster.isEmpty() && !context.hasCluster(cluster)) {
                throw new ConfigException("route: unknown shadow cluster '" + cluster + "'");
            }
            ConfigNode fraction = node.message("runtime_fraction");
            String host = node.string("host_rewrite_literal");
            mirrors.add(new MirrorPolicy(
                    cluster,
                    header.isEmpty() ? null : HeaderName.of(header),
                    fraction == null ? null : RuntimeFraction.from(fraction),
                    !node.bool("disable_shadow_host_suffix_append", false),
                    host.isEmpty() ? null : WireText.encode(host),
                    HeaderMutationsConfig.oneByOne(node.messages("request_headers_mutations"), true)));
        }
        return List.copyOf(mirrors);
    }

    /** The host rewrite of a route or weighted cluster, if it has one that does not wait for the endpoint. */
    static List<HostRewrite> hostRewrites(ConfigNode node) {
        String kind = node.oneof("host_rewrite_specifier");
        return switch (kind == null ? "" : kind) {
            case "host_rewrite_literal" ->
                List.of(new HostRewrite(WireText.encode(node.string("host_rewrite_literal")), null, null, null));
            case "host_rewrite_header" ->
                List.of(new HostRewrite(null, HeaderName.of(node.string("host_rewrite_header")), null, null));
            case "host_rewrite_path_regex" ->
                List.of(new HostRewrite(
                        null, null, RegexSubstitution.from(node.required("host_rewrite_path_regex")), null));
            case "host_rewrite" ->
                List.of(new HostRewrite(null, null, null, SubstitutionFormatter.compile(node.string("host_rewrite"))));
            default -> List.of(); // none, or auto_host_rewrite, which the router does
        };
    }

    static @Nullable PathRewrite pathRewrite(ConfigNode match, ConfigNode node) {
        String prefix = node.string("prefix_rewrite");
        ConfigNode regex = node.message("regex_rewrite");
        ConfigNode policy = node.message("path_rewrite_policy");
        String format = node.string("path_rewrite");
        int given = (prefix.isEmpty() ? 0 : 1)
                + (regex == null ? 0 : 1)
                + (policy == null ? 0 : 1)
                + (format.isEmpty() ? 0 : 1);
        if (given > 1) {
            throw new ConfigException("Specify only one of prefix_rewrite, regex_rewrite or path_rewrite_policy");
        }
        if (!format.isEmpty()) {
            return new PathRewrite(null, null, null, HeaderFormat.compile(format));
        }
        if (!prefix.isEmpty()) {
            return new PathRewrite(WireText.encode(prefix), null, null, null);
        }
        if (regex != null) {
            return new PathRewrite(null, RegexSubstitution.from(regex), null, null);
        }
        if (policy == null) {
            return null;
        }
        UriTemplate template = RouteMatchConfig.templateOrNull(match);
        if (template == null) {
            throw new ConfigException("unable to use " + policy.string("name")
                    + " extension without envoy.path.match.uri_template.uri_template_matcher extension");
        }
        String rewrite = policy.required("typed_config").string("path_template_rewrite");
        return new PathRewrite(null, null, template.rewrite(rewrite), null);
    }

    static RedirectAction redirect(ConfigNode node) {
        String scheme = node.bool("https_redirect", false) ? "https" : node.string("scheme_redirect");
        String host = node.string("host_redirect");
        String path = node.string("path_redirect");
        String format = node.string("path_rewrite");
        String prefix = node.string("prefix_rewrite");
        ConfigNode regex = node.message("regex_rewrite");
        PathRewrite rewrite = null;
        if (regex != null) {
            rewrite = new PathRewrite(null, RegexSubstitution.from(regex), null, null);
        } else if (!prefix.isEmpty()) {
            rewrite = new PathRewrite(WireText.encode(prefix), null, null, null);
        }
        return new RedirectAction(
                redirectStatus(node.enumName("response_code")),
                scheme.isEmpty() ? null : WireText.encode(scheme),
                host.isEmpty() ? null : WireText.encode(host),
                (int) node.integer("port_redirect", 0),
                path.isEmpty() ? null : WireText.encode(path),
                format.isEmpty() ? null : HeaderFormat.compile(format),
                rewrite,
                node.bool("strip_query", false),
                false);
    }

    private static int redirectStatus(String code) {
        return switch (code) {
            case "FOUND" -> 302;
            case "SEE_OTHER" -> 303;
            case "TEMPORARY_REDIRECT" -> 307;
            case "PERMANENT_REDIRECT" -> 308;
            default -> 301;
        };
    }

    static DirectResponseAction directResponse(ConfigNode node, long maxBody) {
        ConfigNode source = node.message("body");
        byte[] body = source == null ? new byte[0] : DataSource.bytes(source, maxBody);
        if (body.length > maxBody) {
            throw new ConfigException("response body size is " + body.length + " bytes; maximum is " + maxBody);
        }
        String text = new String(body, StandardCharsets.UTF_8);
        if (!Arrays.equals(text.getBytes(StandardCharsets.UTF_8), body)) {
            throw node.error("body", "is not UTF-8 text, other bytes are not supported");
        }
        ConfigNode format = node.message("body_format");
        return new DirectResponseAction(
                (int) node.integer("status", 0), text, format == null ? null : LogFormat.from(format));
    }
}
