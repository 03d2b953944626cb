package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.matching.Input;
import dev.mishap.proxy.filter.common.matching.MatchTree;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Extensions that choose the cluster of a route: of the table by name, or of one route. There is {@code
 * envoy.router.cluster_specifier_plugin.matcher}.
 */
final class ClusterSpecifiers {
    private static final String PLUGIN = "envoy.config.route.v3.ClusterSpecifierPlugin";
    private static final String MATCHER = "envoy.extensions.router.cluster_specifiers.matcher.v3.";
    private static final String BY_MATCHER = MATCHER + "MatcherClusterSpecifier";
    private static final String CLUSTER = MATCHER + "ClusterAction";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(PLUGIN).supported("extension", "is_optional"),
            SupportedFields.of(BY_MATCHER).supported("cluster_matcher"),
            SupportedFields.of(CLUSTER).supported("cluster"));

    private final Map<String, Plugin> byName = new HashMap<>();

    /**
     * What chooses a cluster.
     *
     * @param matcher {@code xds.type.matcher.v3.Matcher} with {@code ClusterAction}s; null = it never finds one
     */
    record Plugin(@Nullable ConfigNode matcher) {
        /** The choice for the requests of a route; {@code route} is its entry, without cluster. */
        ClusterChoice choice(RouteEntry route) {
            return new ClusterChoice.ByMatcher(
                    route,
                    matcher == null
                            ? facts -> null
                            : MatchTree.from(
                                    matcher,
                                    input -> Input.from(input, true, ""),
                                    action -> route.withCluster(cluster(action))));
        }

        private static String cluster(ConfigNode action) {
            ConfigNode config = action.required("typed_config");
            if (!config.messageName().equals(CLUSTER)) {
                throw unknown(action, config);
            }
            return config.string("cluster");
        }
    }

    /** @param plugins {@code cluster_specifier_plugins} of a table */
    ClusterSpecifiers(List<ConfigNode> plugins) {
        for (ConfigNode plugin : plugins) {
            byName.put(plugin.required("extension").string("name"), from(plugin));
        }
    }

    Plugin named(String name) {
        Plugin plugin = byName.get(name);
        if (plugin == null) {
            throw new ConfigException("Unknown cluster specifier plugin name: " + name + " is used in the route");
        }
        return plugin;
    }

    /** Reads a {@code ClusterSpecifierPlugin}. */
    static Plugin from(ConfigNode plugin) {
        ConfigNode extension = plugin.required("extension");
        ConfigNode config = extension.message("typed_config");
        if (config != null && config.messageName().equals(BY_MATCHER)) {
            return new Plugin(config.required("cluster_matcher"));
        }
        if (plugin.bool("is_optional", false)) {
            return new Plugin(null);
        }
        throw unknown(extension, config);
    }

    private static ConfigException unknown(ConfigNode extension, @Nullable ConfigNode config) {
        return new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                + "' with type URL: '" + (config == null ? "" : config.messageName()) + "'");
    }
}
