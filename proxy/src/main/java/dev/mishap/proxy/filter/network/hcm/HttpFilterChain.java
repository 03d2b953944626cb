package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.xds.ExtensionConfigs;
import dev.mishap.proxy.xds.Lifecycle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code HttpConnectionManager.http_filters} and {@code UpgradeConfig.filters}. */
final class HttpFilterChain {
    private HttpFilterChain() {}

    /** Without a filter there is nobody who would answer, and requests wait for their time-out, as in Envoy. */
    static List<ChainFilter> from(
            ConfigNode node, String field, FilterContext filterContext, NetworkFilterContext context) {
        List<ChainFilter> configured = new ArrayList<>();
        List<ConfigNode> nodes = node.messages(field);
        String kind = field.equals("http_filters") ? "http" : "http upgrade";
        for (int i = 0; i < nodes.size(); i++) {
            ChainFilter filter = filter(nodes.get(i), new Place(kind, i == nodes.size() - 1), filterContext);
            if (filter != null) {
                configured.add(filter);
            }
        }
        List<ChainFilter> chain = new ArrayList<>(ImplicitFilters.first(context, List.copyOf(configured)));
        chain.addAll(configured);
        return chain;
    }

    private static @Nullable ChainFilter filter(ConfigNode node, Place place, FilterContext context) {
        String name = node.string("name");
        boolean disabled = node.bool("disabled", false);
        if (disabled && place.last()) {
            throw node.error(
                    "disabled",
                    "Error: the last (terminal) filter (" + name + ") in the chain cannot be disabled by default.");
        }
        ConfigNode discovery = node.message("config_discovery");
        if (discovery != null) {
            DiscoveredFilter filter = new DiscoveredFilter(name, discovery, place, context);
            context.service(ExtensionConfigs.class)
                    .add("http_filter", name, discovery, filter, context.service(Lifecycle.class));
            return new ChainFilter(name, filter, disabled);
        }
        ConfigNode config = node.message("typed_config");
        HttpFilterExtension extension = config == null ? null : HttpFilters.byType(config.messageName());
        if (extension == null || config == null) {
            if (node.bool("is_optional", false)) {
                return null;
            }
            throw unregistered(name, config == null ? "" : config.messageName());
        }
        place.require(name, extension);
        HttpFilterFactory filter = extension.parse(name, config, context);
        filter.enter();
        context.service(Lifecycle.class).onEnd(filter::leave);
        return new ChainFilter(name, filter, disabled);
    }

    static ConfigException unregistered(String name, String type) {
        return new ConfigException(
                "Didn't find a registered implementation for '" + name + "' with type URL: '" + type + "'");
    }

    /**
     * Where a filter stands.
     *
     * @param chain what kind of chain it is, in Envoy's words
     */
    record Place(String chain, boolean last) {
        /** The last filter ends the chain, and no other one does. */
        void require(String name, HttpFilterExtension extension) {
            if (extension.terminal() != last) {
                throw new ConfigException("Error: " + (last ? "non-terminal" : "terminal") + " filter named " + name
                        + " of type " + extension.name()
                        + (last ? " is the last filter in a " : " must be the last filter in a ")
                        + chain + " filter chain.");
            }
        }
    }
}
