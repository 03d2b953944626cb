package dev.mishap.proxy.filter.network;

import dev.mishap.proxy.config.schema.ConfigNode;

/** One kind of network filter. Stateless; one line in the listener's list of filters. */
public interface NetworkFilterExtension {
    /** The canonical name, for example {@code envoy.filters.network.tcp_proxy}. */
    String name();

    /** Full proto name of the filter's configuration. */
    String typeUrl();

    /**
     * Parses the filter.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when the configuration can't be accepted
     */
    NetworkFilterFactory parse(ConfigNode config, NetworkFilterContext context);

    /** Parses the filter; {@code filterName} is the one that its chain gives it. */
    default NetworkFilterFactory parse(String filterName, ConfigNode config, NetworkFilterContext context) {
        return parse(config, context);
    }

    /** Whether the filter ends the chain. */
    boolean terminal();
}
