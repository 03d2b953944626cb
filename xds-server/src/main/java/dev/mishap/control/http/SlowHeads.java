package dev.mishap.control.http;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.internal.HttpConnection;

/**
 * Closes connections whose request head does not get whole in time. Jetty's idle time-out starts again with each byte, so a client
 * that sends one now and then could hold a connection for good.
 */
final class SlowHeads implements Connection.Listener {
    private static final class Seen {
        private long messages = -1;
        private long bytes;
        private long sinceNanos;
    }

    private final long limitNanos;
    private final Map<HttpConnection, Seen> connections = new ConcurrentHashMap<>();

    SlowHeads(long limitNanos) {
        this.limitNanos = limitNanos;
    }

    @Override
    public void onOpened(Connection connection) {
        if (connection instanceof HttpConnection http) {
            connections.put(http, new Seen());
        }
    }

    @Override
    public void onClosed(Connection connection) {
        if (connection instanceof HttpConnection http) {
            connections.remove(http);
        }
    }

    /** Is called a few times within the limit. */
    void sweep(long nowNanos) {
        connections.forEach((connection, seen) -> {
            long messages = connection.getMessagesIn();
            if (messages != seen.messages || connection.getHttpChannel().getRequest() != null) {
                // Between requests: bytes from here on belong to the next head.
                seen.messages = messages;
                seen.bytes = connection.getBytesIn();
                seen.sinceNanos = 0;
            } else if (connection.getBytesIn() > seen.bytes) {
                if (seen.sinceNanos == 0) {
                    seen.sinceNanos = nowNanos;
                } else if (nowNanos - seen.sinceNanos > limitNanos) {
                    connection.getEndPoint().close();
                }
            }
        });
    }

    int size() {
        return connections.size();
    }
}
