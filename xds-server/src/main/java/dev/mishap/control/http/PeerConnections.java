package dev.mishap.control.http;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.io.Connection;

/** Closes connections of an address that has its share of them, so that there are some for others, whatever it does with its own. */
final class PeerConnections implements Connection.Listener {
    private final int max;
    private final Map<String, Integer> open = new ConcurrentHashMap<>();
    /** A closed socket does not tell any more whose it was. */
    private final Map<Connection, String> peers = new ConcurrentHashMap<>();

    /** @param max of one address; one with TLS is two to Jetty, one in the other */
    PeerConnections(int max) {
        this.max = max;
    }

    private static String peer(Connection connection) {
        return connection.getEndPoint().getRemoteSocketAddress() instanceof InetSocketAddress inet
                        && inet.getAddress() != null
                ? inet.getAddress().getHostAddress()
                : "";
    }

    @Override
    public void onOpened(Connection connection) {
        String peer = peer(connection);
        peers.put(connection, peer);
        if (open.merge(peer, 1, Integer::sum) > max) {
            connection.getEndPoint().close();
        }
    }

    @Override
    public void onClosed(Connection connection) {
        String peer = peers.remove(connection);
        if (peer != null) {
            open.computeIfPresent(peer, (address, n) -> n == 1 ? null : n - 1);
        }
    }

    int size() {
        return peers.size();
    }
}
