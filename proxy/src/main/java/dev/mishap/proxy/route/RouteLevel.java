package dev.mishap.proxy.route;

import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What each of weighted cluster, route, virtual host and table may say for itself: header mutations and filters' settings. */
record RouteLevel(
        HeaderMutations request,
        HeaderMutations response,
        Map<String, FilterOverride> filters,
        RateLimitPolicy rateLimits,
        boolean includesAbove) {
    private static final String FILTER_CONFIG = "envoy.config.route.v3.FilterConfig";
    private static final String VIRTUAL_HOST = "envoy.config.route.v3.VirtualHost";
    private static final String ROUTE = "envoy.config.route.v3.Route";

    static RouteLevel from(ConfigNode node, RouteContext context) {
        return new RouteLevel(
                HeaderMutationsConfig.from(node, "request"),
                HeaderMutationsConfig.from(node, "response"),
                filters(node, context),
                RateLimitPolicy.from(rateLimits(node), context.nodeCluster()),
                node.messageName().equals(ROUTE)
                        && node.message("route") != null
                        && node.required("route").bool("include_vh_rate_limits", false));
    }

    private static List<ConfigNode> rateLimits(ConfigNode node) {
        if (node.messageName().equals(VIRTUAL_HOST)) {
            return node.messages("rate_limits");
        }
        ConfigNode forward = node.messageName().equals(ROUTE) ? node.message("route") : null;
        return forward == null ? List.of() : forward.messages("rate_limits");
    }

    private static Map<String, FilterOverride> filters(ConfigNode node, RouteContext context) {
        Map<String, FilterOverride> filters = new HashMap<>();
        ConfigNode cors = legacyCors(node);
        if (cors != null) {
            Object parsed = context.perFilterConfig("envoy.filters.http.cors", cors, true);
            filters.put(SelectedRoute.LEGACY_CORS, FilterOverride.of(parsed, false));
        }
        node.messageMap("typed_per_filter_config").forEach((name, config) -> {
            FilterOverride override = filter(name, config, context);
            if (override != null) {
                filters.put(name, override);
            }
        });
        return filters;
    }

    private static @Nullable ConfigNode legacyCors(ConfigNode node) {
        if (node.messageName().equals(VIRTUAL_HOST)) {
            return node.message("cors");
        }
        ConfigNode forward = node.messageName().equals(ROUTE) ? node.message("route") : null;
        return forward == null ? null : forward.message("cors");
    }

    private static @Nullable FilterOverride filter(String name, ConfigNode config, RouteContext context) {
        if (!config.messageName().equals(FILTER_CONFIG)) {
            return FilterOverride.of(context.perFilterConfig(name, config, false), false);
        }
        if (config.bool("disabled", false)) {
            return FilterOverride.of(null, true);
        }
        ConfigNode inner = config.message("config");
        if (inner == null) {
            if (config.emptyAny("config")) { // one that says nothing: the filter is on, with its own settings
                return FilterOverride.of(null, false);
            }
            throw new ConfigException("Empty route/virtual host per filter configuration for " + name + " filter");
        }
        Object parsed = context.perFilterConfig(name, inner, config.bool("is_optional", false));
        return parsed == null ? null : FilterOverride.of(parsed, false);
    }

    /** What {@code levels}, the most specific first, add up to. */
    static RouteEntry.Levels merge(
            List<RouteLevel> levels,
            boolean mostSpecificWins,
            List<HostRewrite> hostRewrites,
            @Nullable MetadataMatch metadataMatch) {
        List<HeaderMutations> request = new ArrayList<>();
        List<HeaderMutations> response = new ArrayList<>();
        Map<String, FilterOverride> filters = new HashMap<>();
        for (RouteLevel level : levels) {
            if (!level.request.isEmpty()) {
                request.add(level.request);
            }
            if (!level.response.isEmpty()) {
                response.add(level.response);
            }
            level.filters.forEach((name, override) -> filters.merge(name, override, FilterOverride::over));
        }
        if (mostSpecificWins) {
            // The last one to write a header wins.
            Collections.reverse(request);
            Collections.reverse(response);
        }
        // The last two are always the virtual host and the table, and the one before them the route.
        RouteLevel route = levels.get(levels.size() - 3);
        return new RouteEntry.Levels(
                List.copyOf(request),
                List.copyOf(response),
                Map.copyOf(filters),
                hostRewrites,
                route.rateLimits,
                levels.get(levels.size() - 2).rateLimits,
                route.includesAbove,
                metadataMatch);
    }
}
