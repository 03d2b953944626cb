package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads chains of filters on the way upstream; the implementation of {@code UpstreamFilterChains}. */
public final class UpstreamHttpFilters {
    private static final String CODEC = "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec";

    public static final SupportedFields FIELDS = SupportedFields.of(CODEC);

    private UpstreamHttpFilters() {}

    public static List<ChainFilter> from(List<ConfigNode> filters, String kind, FilterContext context) {
        List<ChainFilter> chain = new ArrayList<>();
        for (int i = 0; i < filters.size(); i++) {
            ChainFilter filter = filter(filters.get(i), i == filters.size() - 1, kind, context);
            if (filter != null) {
                chain.add(filter);
            }
        }
        return chain;
    }

    /** Null for the codec, and for what is optional and unknown. */
    private static @Nullable ChainFilter filter(ConfigNode node, boolean last, String kind, FilterContext context) {
        String name = node.string("name");
        boolean disabled = node.bool("disabled", false);
        if (node.has("config_discovery")) {
            throw node.error(
                    "config_discovery", "is not supported on the way upstream; give the filter's typed_config");
        }
        ConfigNode config = node.message("typed_config");
        String type = config == null ? "" : config.messageName();
        if (type.equals(CODEC)) {
            if (!last) {
                throw misplaced("terminal", name, "envoy.filters.http.upstream_codec", kind);
            }
            if (disabled) {
                throw new ConfigException(
                        "Error: the last (terminal) filter (" + name + ") in the chain cannot be disabled by default.");
            }
            return null;
        }
        HttpFilterExtension extension = HttpFilters.byType(type);
        HttpFilterFactory factory =
                extension == null || config == null ? null : extension.parseUpstream(name, config, context);
        if (extension == null || factory == null) {
            if (node.bool("is_optional", false)) {
                return null;
            }
            throw HttpFilterChain.unregistered(name, type);
        }
        if (last) {
            throw misplaced("non-terminal", name, extension.upstreamName(), kind);
        }
        return new ChainFilter(name, factory, disabled);
    }

    private static ConfigException misplaced(String what, String name, String type, String kind) {
        boolean terminal = what.equals("terminal");
        return new ConfigException("Error: " + what + " filter named " + name + " of type " + type
                + (terminal ? " must be the last filter in a " : " is the last filter in a ") + kind
                + " filter chain.");
    }
}
