package dev.mishap.proxy.filter.http.cors;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one level says of cross-origin requests: {@code cors.v3.CorsPolicy}. {@code ""}, null and no origins mean that the next
 * level has its say.
 *
 * @param anyOrigin whether one of the origins is {@code *}
 * @param enabled null = always
 * @param shadow null = never
 */
record CorsPolicy(
        List<StringMatcher> origins,
        boolean anyOrigin,
        String methods,
        String headers,
        String exposeHeaders,
        String maxAge,
        @Nullable Boolean credentials,
        @Nullable RuntimeFraction enabled,
        @Nullable RuntimeFraction shadow,
        @Nullable Boolean privateNetwork,
        @Nullable Boolean forwardNotMatching) {
    static final String MESSAGE = "envoy.extensions.filters.http.cors.v3.CorsPolicy";

    /** What the fields {@code cors} of routes and virtual hosts hold. */
    static final String LEGACY = "envoy.config.route.v3.CorsPolicy";

    static final SupportedFields LEGACY_FIELDS = SupportedFields.of(LEGACY)
            .supported(
                    "allow_origin_string_match",
                    "allow_methods",
                    "allow_headers",
                    "expose_headers",
                    "max_age",
                    "allow_credentials",
                    "filter_enabled",
                    "shadow_enabled",
                    "allow_private_network_access",
                    "forward_not_matching_preflights");

    static final SupportedFields FIELDS = SupportedFields.of(MESSAGE)
            .supported(
                    "allow_origin_string_match",
                    "allow_methods",
                    "allow_headers",
                    "expose_headers",
                    "max_age",
                    "allow_credentials",
                    "filter_enabled",
                    "shadow_enabled",
                    "allow_private_network_access",
                    "forward_not_matching_preflights");

    static CorsPolicy from(ConfigNode node) {
        List<StringMatcher> origins = new ArrayList<>();
        boolean any = false;
        for (ConfigNode origin : node.messages("allow_origin_string_match")) {
            any |= origin.string("exact").equals("*");
            origins.add(StringMatcher.from(origin));
        }
        return new CorsPolicy(
                List.copyOf(origins),
                any,
                node.string("allow_methods"),
                node.string("allow_headers"),
                node.string("expose_headers"),
                node.string("max_age"),
                flag(node, "allow_credentials"),
                fraction(node.message("filter_enabled")),
                fraction(node.message("shadow_enabled")),
                flag(node, "allow_private_network_access"),
                flag(node, "forward_not_matching_preflights"));
    }

    private static @Nullable Boolean flag(ConfigNode node, String field) {
        return node.has(field) ? node.bool(field, false) : null;
    }

    private static @Nullable RuntimeFraction fraction(@Nullable ConfigNode node) {
        return node == null ? null : RuntimeFraction.from(node);
    }
}
