package dev.mishap.proxy.filter.http;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import java.util.List;

/** Reads chains of HTTP filters on the way upstream, of routers and of clusters. A service of the process. */
@FunctionalInterface
public interface UpstreamFilterChains {
    /**
     * The filters before the codec, which a chain ends with; none of an empty one.
     *
     * @param kind what kind of chain it is, in Envoy's words
     * @param context stats are those of whom the chain belongs to
     * @throws dev.mishap.proxy.config.schema.ConfigException when a filter can't be accepted
     */
    List<ChainFilter> parse(List<ConfigNode> filters, String kind, FilterContext context);
}
