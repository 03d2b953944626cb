package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.ResourceLimits;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ConnectTimeoutException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP/1.1 connections of one loop to one endpoint, for requests of one priority. The connection used last is used first,
 * so that those not needed grow idle. A request that finds none waits, and a connection is opened for it if the circuit
 * breaker lets it.
 */
final class Http1Pool {
    private final Cluster cluster;
    private final Endpoint endpoint;
    private final ResourceLimits limits;
    private final Connector connector;
    private final Deque<Http1Connection> idle = new ArrayDeque<>();
    private final Deque<UpstreamListener> pending = new ArrayDeque<>();
    private final Set<Http1Connection> open = new HashSet<>();
    private int connecting;
    private boolean draining;

    Http1Pool(Cluster cluster, Endpoint endpoint, ResourceLimits limits, Connector connector) {
        this.cluster = cluster;
        this.endpoint = endpoint;
        this.limits = limits;
        this.connector = connector;
    }

    Cluster cluster() {
        return cluster;
    }

    ClusterStats stats() {
        return cluster.stats();
    }

    Endpoint endpoint() {
        return endpoint;
    }

    ResourceLimits limits() {
        return limits;
    }

    boolean isEmpty() {
        return open.isEmpty() && pending.isEmpty();
    }

    void acquire(UpstreamListener listener) {
        Http1Connection c;
        while ((c = idle.pollFirst()) != null) {
            if (c.usable()) {
                attach(c, listener);
                return;
            }
            // Closed by the peer, and its channelInactive is still to come.
        }
        if (!limits.pendingRequests.canCreate()) {
            stats().rqPendingOverflow.inc();
            listener.onPoolFailure(ResetReason.OVERFLOW, null);
            return;
        }
        pending.addLast(listener);
        limits.pendingRequests.inc();
        stats().rqPendingTotal.inc();
        stats().rqPendingActive.inc();
        endpoint.rqPendingActive.increment();
        connectIfNeeded();
    }

    /** Takes back a request that still waits for a connection; false when it does not wait here. */
    boolean cancel(UpstreamListener listener) {
        if (!pending.remove(listener)) {
            return false;
        }
        stats().rqCancelled.inc();
        unpend();
        return true;
    }

    private void unpend() {
        limits.pendingRequests.dec();
        stats().rqPendingActive.dec();
        endpoint.rqPendingActive.decrement();
    }

    private void connectIfNeeded() {
        if (connecting >= pending.size()) {
            return;
        }
        if (!limits.connections.canCreate()) {
            stats().cxOverflow.inc();
            if (!open.isEmpty()) {
                return;
            }
            // Other endpoints hold all connections: without one of its own, what waits here would wait forever.
        }
        Http1Connection c = new Http1Connection(this);
        open.add(c);
        connecting++;
        ChannelFuture future = connector.connect(endpoint.address(), c);
        if (future.isDone()) {
            connected(c, future);
        } else {
            future.addListener(f -> connected(c, future));
        }
    }

    private void connected(Http1Connection c, ChannelFuture future) {
        connecting--;
        if (!future.isSuccess()) {
            Throwable cause = future.cause();
            boolean timeout = cause instanceof ConnectTimeoutException;
            c.failed(timeout);
            failPending(
                    timeout ? ResetReason.CONNECTION_TIMEOUT : ResetReason.REMOTE_CONNECTION_FAILURE,
                    timeout || cause == null ? null : Connector.failure(cause));
            return;
        }
        Channel channel = future.channel();
        c.opened(channel);
        if (draining && pending.isEmpty()) {
            c.close();
        } else if (channel.isActive()) {
            release(c);
        }
        // Else it was closed at once, and channelInactive tells so.
    }

    /** All that wait are told, not only one: who asks decides what becomes of an endpoint that can't be reached. */
    private void failPending(ResetReason reason, @Nullable String transportFailure) {
        List<UpstreamListener> all = new ArrayList<>(pending);
        pending.clear();
        for (UpstreamListener l : all) {
            unpend();
            stats().rqPendingFailureEject.inc();
            l.onPoolFailure(reason, transportFailure);
        }
    }

    /** A connection is free. */
    void release(Http1Connection c) {
        UpstreamListener next = pending.pollFirst();
        if (next != null) {
            unpend();
            attach(c, next);
        } else {
            keep(c);
        }
    }

    private void keep(Http1Connection c) {
        if (draining) {
            c.close();
        } else {
            idle.addFirst(c);
            c.idle();
        }
    }

    private void attach(Http1Connection c, UpstreamListener listener) {
        if (!limits.requests.canCreate()) {
            stats().rqActiveOverflow.inc();
            keep(c);
            listener.onPoolFailure(ResetReason.OVERFLOW, null);
            return;
        }
        limits.requests.inc();
        stats().rqTotal.inc();
        stats().rqActive.inc();
        endpoint.rqTotal.increment();
        endpoint.rqActive.incrementAndGet();
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
        if (c.wasConnected() && !pending.isEmpty()) {
            connectIfNeeded();
        }
    }

    /** The endpoint is gone, or the cluster: idle connections close now, busy ones after their response. Who waits is still served. */
    void drain() {
        draining = true;
        for (Http1Connection c : new ArrayList<>(open)) {
            c.drain();
        }
    }
}
