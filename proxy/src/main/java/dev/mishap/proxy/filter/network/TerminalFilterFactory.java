package dev.mishap.proxy.filter.network;

import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** The filter that ends a chain and owns the connection from there: the connection manager, the TCP proxy. Immutable. */
@FunctionalInterface
public non-sealed interface TerminalFilterFactory extends NetworkFilterFactory {
    /** Adds the filter to the end of the pipeline; called on the connection's event loop. */
    void install(Channel channel, ConnectionInfo connection);

    /**
     * A filter before this one has ended the connection. It is counted and logged by this one all the same: Envoy makes all filters of
     * a connection before it asks the first.
     */
    default void closedBefore(ConnectionInfo connection) {}

    /** The cluster that every connection goes to; null when that depends on more than the configuration. */
    default @Nullable String cluster() {
        return null;
    }

    /** Whether the filter passes an end of one direction on as that, told by {@code ChannelInputShutdownEvent}. */
    default boolean halfCloses() {
        return false;
    }
}
