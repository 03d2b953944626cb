package dev.mishap.rules;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** What the rules may know of one TCP connection. */
public interface ConnectionView {
    /** The name of the listener that accepted it. */
    @Nullable
    String listener();

    /** The cluster that it goes to, where that is known before any request: of a TCP proxy. */
    @Nullable
    String cluster();

    /** The server name of the TLS ClientHello, lower case; null without one. */
    @Nullable
    String serverName();

    /** The downstream address that the access log shows. */
    @Nullable
    InetAddress sourceAddress();

    /** See {@link Destination}. */
    @Nullable
    InetAddress destinationAddress();

    /** See {@link Destination}; 0 when unknown. */
    int destinationPort();
}
