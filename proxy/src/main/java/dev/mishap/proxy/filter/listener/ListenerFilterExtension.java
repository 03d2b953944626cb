package dev.mishap.proxy.filter.listener;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.transport.SocketContext;

/** One kind of listener filter. Stateless; one line in the listener's list of listener filters. */
public interface ListenerFilterExtension {
    /** The canonical name, for example {@code envoy.filters.listener.tls_inspector}. */
    String name();

    /** Full proto name of the filter's configuration. */
    String typeUrl();

    /**
     * Parses the filter.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when the configuration can't be accepted
     */
    ListenerFilterFactory parse(ConfigNode config, SocketContext context);
}
