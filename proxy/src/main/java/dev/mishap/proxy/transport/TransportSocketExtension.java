package dev.mishap.proxy.transport;

import dev.mishap.proxy.config.schema.ConfigNode;

/** One kind of downstream transport socket. Stateless; one line in the listener's list of transport sockets. */
public interface TransportSocketExtension {
    /** The canonical name, for example {@code envoy.transport_sockets.tls}. */
    String name();

    /** Full proto name of the socket's configuration. */
    String typeUrl();

    /**
     * Parses the socket of one filter chain.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when the configuration can't be accepted
     */
    TransportSocketFactory parse(ConfigNode config, SocketContext context);
}
