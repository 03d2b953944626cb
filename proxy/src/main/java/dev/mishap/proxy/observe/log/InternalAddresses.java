package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.InternalAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** The addresses of a connection's ends, which are none of IP where an internal listener is. */
final class InternalAddresses {
    private InternalAddresses() {}

    static @Nullable SocketAddress local(StreamInfo info) {
        ConnectionInfo connection = info.connection;
        return info.downstreamLocalAddress == null && connection != null
                ? connection.internalAddress
                : info.downstreamLocalAddress;
    }

    /** @param ip the address of IP, which a header may have told */
    static @Nullable SocketAddress remote(StreamInfo info, @Nullable SocketAddress ip) {
        ConnectionInfo connection = info.connection;
        return ip == null && connection != null && connection.internalAddress != null ? InternalAddress.CLIENT : ip;
    }

    static @Nullable SocketAddress upstreamLocal(StreamInfo info) {
        return info.upstreamLocalAddress == null
                        && info.upstreamConnectionId != 0
                        && info.upstreamHost instanceof InternalAddress
                ? InternalAddress.CLIENT
                : info.upstreamLocalAddress;
    }
}
