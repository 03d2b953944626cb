package dev.mishap.control.xds;

import java.net.SocketAddress;
import java.security.cert.Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The other end of a connection.
 *
 * @param address null when the transport has none
 * @param certificates the client's chain, its own first; empty without mTLS
 */
public record Peer(@Nullable SocketAddress address, List<Certificate> certificates) {
    public Peer {
        certificates = List.copyOf(certificates);
    }

    /** Without the port; "unknown" when there is no address. */
    public String host() {
        if (address instanceof java.net.InetSocketAddress inet) {
            return inet.getAddress() == null
                    ? inet.getHostString()
                    : inet.getAddress().getHostAddress();
        }
        return address == null ? "unknown" : address.toString();
    }
}
