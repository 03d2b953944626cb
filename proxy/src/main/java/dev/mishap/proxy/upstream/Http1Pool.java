package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * The HTTP/1.1 connections of one loop to one endpoint, for requests of one priority. The connection used last is used first,
 * so that those not needed grow idle. A request that finds none waits, and a connection is opened for it if the circuit
 * breaker lets it.
 */
final class Http1Pool extends ConnectionPool {
    private final Deque<Http1Connection> idle = new ArrayDeque<>();
    private final Set<Http1Connection> open = new HashSet<>();
    private int connecting;

    Http1Pool(Cluster cluster, Endpoint endpoint, ResourceLimits limits, Connector connector) {
        super(cluster, endpoint, limits, connector);
    }

    @Override
    boolean isEmpty() {
        return open.isEmpty() && super.isEmpty();
    }

    @Override
    void acquire(UpstreamListener listener) {
        Http1Connection c;
        while ((c = idle.pollFirst()) != null) {
            if (c.usable()) {
                attach(c, listener);
                return;
            }
            // Closed by the peer, and its channelInactive is still to come.
        }
        if (pend(listener)) {
            connectIfNeeded();
        }
    }

    private void connectIfNeeded() {
        if (connecting >= waiting() || !mayConnect(open.isEmpty())) {
            return;
        }
        Http1Connection c = new Http1Connection(this);
        open.add(c);
        connecting++;
        ChannelFuture future = connector.connect(endpoint(), c, UpstreamTransport.Options.HTTP1);
        if (future.isDone()) {
            connected(c, future);
        } else {
            future.addListener(f -> connected(c, future));
        }
    }

    /** Takes over a connection that was opened before it was known that it is one of HTTP/1. */
    void adopt(Channel channel) {
        Http1Connection c = new Http1Connection(this);
        open.add(c);
        channel.pipeline().addLast(c);
        c.opened(channel);
        keep(c);
    }

    private void connected(Http1Connection c, ChannelFuture future) {
        connecting--;
        if (!future.isSuccess()) {
            ConnectFailure failure = connector.failure(endpoint(), future);
            c.failed(failure);
            failPending(failure);
            return;
        }
        Channel channel = future.channel();
        c.opened(channel);
        if (draining() && waiting() == 0) {
            c.close();
        } else if (channel.isActive()) {
            release(c);
        }
        // Else it was closed at once, and channelInactive tells so.
    }

    /** A connection is free. */
    void release(Http1Connection c) {
        UpstreamListener next = next();
        if (next != null) {
            attach(c, next);
            connectIfNeeded(); // for those that go on waiting
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
        if (!limits().requests.canCreate()) {
            keep(c); // before the listener is told, who may want a connection at once
        }
        if (!begin(listener)) {
            return;
        }
        c.attach(listener);
        boolean full = !c.writable();
        listener.onReady(c);
        if (full && !c.writable()) {
            // What is left of a request before, which the peer answered early; no event tells of what already is.
            listener.onWritable(false);
        }
    }

    void closed(Http1Connection c) {
        open.remove(c);
        idle.remove(c);
        if (c.wasConnected() && waiting() > 0) {
            connectIfNeeded();
        }
        settle();
    }

    @Override
    void drain() {
        super.drain();
        for (Http1Connection c : new ArrayList<>(open)) {
            c.drain();
        }
    }
}
