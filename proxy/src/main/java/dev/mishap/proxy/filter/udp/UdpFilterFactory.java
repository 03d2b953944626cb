package dev.mishap.proxy.filter.udp;

import io.netty.channel.Channel;

/** Makes the filter of each socket of a listener. Immutable. */
@FunctionalInterface
public interface UdpFilterFactory {
    /** Called on the socket's loop. */
    UdpFilter create(Channel socket);
}
