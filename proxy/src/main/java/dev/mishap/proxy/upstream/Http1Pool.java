package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.transport.UpstreamTransport;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;

/**
 * The HTTP/1.1 connections of one loop to one endpoint, for requests of one priority. The connection used last is used first,
 * so that those not needed grow idle. A request that finds none waits, and a connection is opened for it if the circuit
 * breaker lets it.
 */
final class Http1Pool extends HttpPool<Http1Connection> {
    private final Deque<Http1Connection> idle = new ArrayDeque<>();

    Http1Pool(Cluster cluster, Endpoint endpoint, ResourceLimits limits, Connector connector) {
        super(cluster, endpoint, limits, connector, UpstreamTransport.Options.HTTP1, new HashSet<>());
    }

    @Override
    void acquire(UpstreamListener listener) {
        Http1Connection c;
        while ((c = idle.pollFirst()) != null) {
            if (c.usable()) {
                attach(c, listener);
                if (connectsAhead()) {
                    connectAhead();
                }
                return;
            }
            // Closed by the peer, and its channelInactive is still to come.
        }
        if (pend(listener)) {
            connectIfNeeded();
        }
    }

    @Override
    Http1Connection make() {
        return new Http1Connection(this);
    }

    @Override
    long capacity(int connections) {
        return connections;
    }

    @Override
    void onConnected(Http1Connection c) {
        release(c);
    }

    @Override
    void onAdopted(Http1Connection c) {
        keep(c);
    }

    /** A connection is free. */
    void release(Http1Connection c) {
        UpstreamListener next = next();
        if (next != null) {
            attach(c, next);
            if (waiting() > 0) {
                connectIfNeeded();
            }
        } else {
            keep(c);
        }
    }

    private void keep(Http1Connection c) {
        if (draining()) {
            c.close();
        } else {
            idle.addFirst(c);
            c.idle();
        }
    }

    private void attach(Http1Connection c, UpstreamListener listener) {
        if (!mayBegin()) {
            keep(c); // before the listener is told, who may want a connection at once
            overflow(listener);
            return;
        }
        begin();
        c.attach(listener);
        boolean full = !c.writable();
        listener.onReady(c);
        if (full && !c.writable()) {
            // What is left of a request before, which the peer answered early; no event tells of what already is.
            listener.onWritable(false);
        }
    }

    @Override
    void closed(Http1Connection c) {
        idle.remove(c);
        super.closed(c);
    }
}
