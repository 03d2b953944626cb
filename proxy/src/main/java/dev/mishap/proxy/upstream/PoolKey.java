package dev.mishap.proxy.upstream;

import dev.mishap.proxy.transport.OriginalSource;
import dev.mishap.proxy.transport.ProxiedConnection;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What the connections to an endpoint are made for, where they are not for every request.
 *
 * @param serverName the host of the requests, where the cluster's TLS follows it; else null
 * @param source the client, where a PROXY header tells of it; else null
 * @param destination where that client connected to
 * @param origin where they come from, when that is the client's address; else null
 * @param connectionId of the client's connection, where each has pools of its own; else 0
 */
record PoolKey(
        @Nullable String serverName,
        @Nullable InetSocketAddress source,
        @Nullable InetSocketAddress destination,
        @Nullable OriginalSource origin,
        long connectionId) {
    /** Null when the connections are for every request. */
    static @Nullable PoolKey of(
            @Nullable String serverName,
            @Nullable ProxiedConnection proxied,
            @Nullable OriginalSource origin,
            long connectionId) {
        if (serverName == null && proxied == null && origin == null && connectionId == 0) {
            return null;
        }
        return proxied == null
                ? new PoolKey(serverName, null, null, origin, connectionId)
                : new PoolKey(serverName, proxied.source(), proxied.destination(), origin, connectionId);
    }
}
