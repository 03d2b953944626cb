package dev.mishap.proxy.transport;

import java.io.IOException;
import java.nio.channels.NotYetConnectedException;

/** What an I/O operation fails with when the network, not the proxy, has ended the connection. */
public final class ConnectionLoss {
    private ConnectionLoss() {}

    /** Whether it is the network's: Netty tells of ENOTCONN, too, a socket whose connection is already gone, by an exception of its own. */
    public static boolean is(Throwable cause) {
        return cause instanceof IOException || cause instanceof NotYetConnectedException;
    }
}
