package dev.mishap.proxy.transport;

import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a PROXY header tells an upstream of the connection that is proxied. Immutable.
 *
 * @param source the client; null when it has no IP address
 * @param destination where the client connected to; null when that is no IP address
 * @param tlvs what came with the client's own PROXY header
 */
public record ProxiedConnection(
        @Nullable InetSocketAddress source, @Nullable InetSocketAddress destination, List<ProxyTlv> tlvs) {
    public ProxiedConnection {
        tlvs = List.copyOf(tlvs);
    }

    public static ProxiedConnection of(ConnectionInfo downstream) {
        List<ProxyTlv> tlvs = downstream.proxyTlvs;
        return new ProxiedConnection(
                downstream.remoteAddress, downstream.localAddress, tlvs == null ? List.of() : tlvs);
    }
}
