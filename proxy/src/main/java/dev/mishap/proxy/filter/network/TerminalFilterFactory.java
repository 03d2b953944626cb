package dev.mishap.proxy.filter.network;

import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.channel.Channel;

/** The filter that ends a chain and owns the connection from there: the connection manager, the TCP proxy. Immutable. */
@FunctionalInterface
public non-sealed interface TerminalFilterFactory extends NetworkFilterFactory {
    /** Adds the filter to the end of the pipeline; called on the connection's event loop. */
    void install(Channel channel, ConnectionInfo connection);
}
