package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.match.CookieMatcher;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.route.match.MetadataMatcher;
import dev.mishap.proxy.route.match.PathMatcher;
import dev.mishap.proxy.route.match.QueryParameterMatcher;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.route.match.SafeRegex;
import dev.mishap.proxy.route.match.UriTemplate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code envoy.config.route.v3.RouteMatch}. */
final class RouteMatchConfig {
    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.route.v3.RouteMatch")
                    .supported(
                            "prefix",
                            "path",
                            "safe_regex",
                            "path_separated_prefix",
                            "path_match_policy",
                            "connect_matcher",
                            "case_sensitive",
                            "runtime_fraction",
                            "headers",
                            "query_parameters",
                            "cookies",
                            "grpc",
                            "dynamic_metadata",
                            "filter_state",
                            "tls_context"),
            TlsMatch.FIELDS,
            CookieMatcher.FIELDS,
            SupportedFields.of("envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions"),
            SupportedFields.of("envoy.config.route.v3.RouteMatch.ConnectMatcher"),
            SupportedFields.of("envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig")
                    .supported("path_template"));

    private RouteMatchConfig() {}

    static RouteMatch from(ConfigNode node) {
        ConfigNode fraction = node.message("runtime_fraction");
        return new RouteMatch(
                node.has("connect_matcher"),
                path(node),
                HeaderMatcher.listFrom(node.messages("headers")),
                QueryParameterMatcher.listFrom(node.messages("query_parameters")),
                CookieMatcher.listFrom(node.messages("cookies")),
                fraction == null ? null : RuntimeFraction.from(fraction),
                node.has("grpc"),
                MetadataMatcher.listFrom(node.messages("dynamic_metadata")),
                FilterStateMatch.listFrom(node.messages("filter_state")),
                TlsMatch.from(node.message("tls_context")));
    }

    private static PathMatcher path(ConfigNode node) {
        boolean ignoreCase = !node.bool("case_sensitive", true);
        String kind = node.oneof("path_specifier");
        if (kind == null) {
            throw node.error("path_specifier", "is required");
        }
        return switch (kind) {
            case "prefix" -> PathMatcher.prefix(node.string("prefix"), ignoreCase);
            case "path" -> PathMatcher.exact(node.string("path"), ignoreCase);
            case "path_separated_prefix" ->
                PathMatcher.separatedPrefix(node.string("path_separated_prefix"), ignoreCase);
            case "safe_regex" -> PathMatcher.regex(SafeRegex.from(node.required("safe_regex")));
            case "connect_matcher" -> PathMatcher.prefix("", false);
            case "path_match_policy" -> PathMatcher.template(template(node));
            default -> throw node.error(kind, "is not supported");
        };
    }

    /** The template that {@code match.path_match_policy} holds. */
    private static UriTemplate template(ConfigNode match) {
        UriTemplate template = templateOrNull(match);
        if (template == null) {
            throw match.error("path_match_policy.typed_config", "is required");
        }
        return template;
    }

    /** The template of a match that has one, else null. */
    static @Nullable UriTemplate templateOrNull(ConfigNode match) {
        ConfigNode policy = match.message("path_match_policy");
        ConfigNode config = policy == null ? null : policy.message("typed_config");
        return config == null ? null : UriTemplate.compile(config.string("path_template"));
    }
}
