package dev.mishap.proxy.filter.network;

import io.netty.channel.Channel;

/** A network filter with its configuration parsed. Immutable. */
@FunctionalInterface
public interface NetworkFilterFactory {
    /** Adds the filter to a connection that was just accepted; called on the connection's event loop. */
    void install(Channel channel);
}
