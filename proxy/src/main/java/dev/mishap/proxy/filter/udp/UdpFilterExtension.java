package dev.mishap.proxy.filter.udp;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.transport.SocketContext;

/** One kind of UDP listener filter. Stateless; one line in the listener's list of filters. */
public interface UdpFilterExtension {
    /** The canonical name, for example {@code envoy.filters.udp.dns_filter}. */
    String name();

    /** Full proto name of the filter's configuration. */
    String typeUrl();

    /**
     * Parses the filter.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when the configuration can't be accepted
     */
    UdpFilterFactory parse(ConfigNode config, SocketContext context);
}
