package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.SelectedRoute;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What each of weighted cluster, route, virtual host and table may say for itself: header mutations and filters' settings. */
record RouteLevel(HeaderMutations request, HeaderMutations response, Map<String, FilterOverride> filters) {
    private static final String FILTER_CONFIG = "envoy.config.route.v3.FilterConfig";

    static RouteLevel from(ConfigNode node, RouteContext context) {
        return new RouteLevel(
                HeaderMutationsConfig.from(node, "request"),
                HeaderMutationsConfig.from(node, "response"),
                filters(node, context));
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
        if (node.messageName().equals("envoy.config.route.v3.VirtualHost")) {
            return node.message("cors");
        }
        ConfigNode forward = node.messageName().equals("envoy.config.route.v3.Route") ? node.message("route") : null;
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
    static RouteEntry.Levels merge(List<RouteLevel> levels, boolean mostSpecificWins, List<HostRewrite> hostRewrites) {
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
        return new RouteEntry.Levels(List.copyOf(request), List.copyOf(response), Map.copyOf(filters), hostRewrites);
    }
}
