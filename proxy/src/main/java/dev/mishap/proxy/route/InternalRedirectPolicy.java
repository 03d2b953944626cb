package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderName;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code InternalRedirectPolicy} of a route: which redirects of an upstream the proxy follows itself.
 *
 * @param maxHops redirects followed for one request, default 1
 * @param statuses of the redirects that are followed; default 302
 * @param crossScheme whether from http to https and back
 * @param allowedRoutes names of the routes that a redirect may lead to; null = any
 * @param eachRouteOnce whether no route may be reached twice from this one
 * @param safeCrossScheme whether not from http to https
 * @param copiedHeaders headers that the new request takes over from the redirect, or loses when that has none
 */
public record InternalRedirectPolicy(
        long maxHops,
        Set<Integer> statuses,
        boolean crossScheme,
        @Nullable Set<String> allowedRoutes,
        boolean eachRouteOnce,
        boolean safeCrossScheme,
        List<HeaderName> copiedHeaders) {
    private static final String PREDICATES = "envoy.extensions.internal_redirect.";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.route.v3.InternalRedirectPolicy")
                    .supported("max_internal_redirects", "redirect_response_codes", "predicates")
                    .supported("allow_cross_scheme_redirect", "response_headers_to_copy"),
            SupportedFields.of(PREDICATES + "allow_listed_routes.v3.AllowListedRoutesConfig")
                    .supported("allowed_route_names"),
            SupportedFields.of(PREDICATES + "previous_routes.v3.PreviousRoutesConfig"),
            SupportedFields.of(PREDICATES + "safe_cross_scheme.v3.SafeCrossSchemeConfig"));

    /** Of a {@code RouteAction}: its policy, else what the fields of before the policy say. */
    static @Nullable InternalRedirectPolicy of(ConfigNode route) {
        if (route.message("internal_redirect_policy") == null
                && route.enumName("internal_redirect_action").equals("HANDLE_INTERNAL_REDIRECT")) {
            return new InternalRedirectPolicy(
                    route.integer("max_internal_redirects", 1), Set.of(302), false, null, false, false, List.of());
        }
        return from(route.message("internal_redirect_policy"));
    }

    static @Nullable InternalRedirectPolicy from(@Nullable ConfigNode node) {
        if (node == null) {
            return null;
        }
        Set<Integer> statuses = new LinkedHashSet<>();
        for (long code : node.integers("redirect_response_codes")) {
            // Only real redirects; Envoy passes over the others.
            if (code == 301 || code == 302 || code == 303 || code == 307 || code == 308) {
                statuses.add((int) code);
            }
        }
        Set<String> allowed = null;
        boolean once = false;
        boolean safe = false;
        for (ConfigNode predicate : node.messages("predicates")) {
            ConfigNode config = predicate.message("typed_config");
            String type = config == null ? "" : config.messageName();
            if (config != null && type.equals(PREDICATES + "allow_listed_routes.v3.AllowListedRoutesConfig")) {
                allowed = Set.copyOf(config.strings("allowed_route_names"));
            } else if (type.equals(PREDICATES + "previous_routes.v3.PreviousRoutesConfig")) {
                once = true;
            } else if (type.equals(PREDICATES + "safe_cross_scheme.v3.SafeCrossSchemeConfig")) {
                safe = true;
            } else {
                throw new ConfigException("Didn't find a registered implementation for '" + predicate.string("name")
                        + "' with type URL: '" + type + "'");
            }
        }
        List<HeaderName> copied = new ArrayList<>();
        node.strings("response_headers_to_copy").forEach(name -> copied.add(HeaderName.of(name)));
        return new InternalRedirectPolicy(
                node.integer("max_internal_redirects", 1),
                node.integers("redirect_response_codes").isEmpty() ? Set.of(302) : Set.copyOf(statuses),
                node.bool("allow_cross_scheme_redirect", false),
                allowed,
                once,
                safe,
                List.copyOf(copied));
    }
}
