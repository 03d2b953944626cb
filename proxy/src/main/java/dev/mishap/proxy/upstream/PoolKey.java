package dev.mishap.proxy.upstream;

import dev.mishap.proxy.transport.ProxiedConnection;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What the connections to an endpoint are made for, where they are not for every request.
 *
 * @param serverName the host of the requests, where the cluster's TLS follows it; else null
 * @param source the client, where a PROXY header tells of it; else null
 * @param destination where that client connected to
 */
record PoolKey(
        @Nullable String serverName,
        @Nullable InetSocketAddress source,
        @Nullable InetSocketAddress destination) {
    static PoolKey of(@Nullable String serverName, @Nullable ProxiedConnection proxied) {
        return proxied == null
                ? new PoolKey(serverName, null, null)
                : new PoolKey(serverName, proxied.source(), proxied.destination());
    }
}
