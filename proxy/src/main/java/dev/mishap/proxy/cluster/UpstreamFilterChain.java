package dev.mishap.proxy.cluster;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/**
 * Chains of HTTP filters on the way upstream, of routers and of clusters. The only one that there can be is the one that is there
 * anyway: the codec alone.
 */
public final class UpstreamFilterChain {
    private static final String CODEC = "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec";

    public static final SupportedFields FIELDS = SupportedFields.of(CODEC);

    private UpstreamFilterChain() {}

    /**
     * Looks at a chain; an empty one is as none.
     *
     * @param kind what kind of chain it is, in Envoy's words
     */
    public static void check(List<ConfigNode> filters, String kind) {
        for (int i = 0; i < filters.size(); i++) {
            ConfigNode filter = filters.get(i);
            ConfigNode config = filter.message("typed_config");
            String name = filter.string("name");
            boolean last = i == filters.size() - 1;
            if (config == null || !config.messageName().equals(CODEC)) {
                throw filter.error(
                        config == null ? "config_type" : "typed_config",
                        (config == null ? name : config.messageName()) + " is not supported on the way upstream; "
                                + CODEC + " alone is, or filters in the connection manager's http_filters");
            }
            if (!last) {
                throw new ConfigException("Error: terminal filter named " + name
                        + " of type envoy.filters.http.upstream_codec must be the last filter in a " + kind
                        + " filter chain.");
            }
            if (filter.bool("disabled", false)) {
                throw new ConfigException(
                        "Error: the last (terminal) filter (" + name + ") in the chain cannot be disabled by default.");
            }
        }
    }
}
