package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.transport.FilterStateValue;
import dev.mishap.proxy.transport.UpstreamTransport;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one loop to one endpoint, in one protocol, for requests of one priority; and the requests that wait for one.
 * Confined to its loop.
 */
abstract class ConnectionPool {
    private final Cluster cluster;
    private final Endpoint endpoint;
    private final ResourceLimits limits;
    final Connector connector;
    private final Deque<UpstreamListener> pending = new ArrayDeque<>();
    /** Who has waited for a connection that has failed, and is still to be told. */
    private final Deque<UpstreamListener> failing = new ArrayDeque<>(1);

    private int active;
    private boolean draining;
    private boolean counted;
    private @Nullable ConnectionPool outer;

    ConnectionPool(Cluster cluster, Endpoint endpoint, ResourceLimits limits, Connector connector) {
        this.cluster = cluster;
        this.endpoint = endpoint;
        this.limits = limits;
        this.connector = connector;
    }

    final Cluster cluster() {
        return cluster;
    }

    final ClusterStats stats() {
        return cluster.stats();
    }

    final Endpoint endpoint() {
        return endpoint;
    }

    final ResourceLimits limits() {
        return limits;
    }

    final boolean draining() {
        return draining;
    }

    /** Whether there is neither a connection nor anybody who waits for one. */
    boolean isEmpty() {
        return pending.isEmpty() && failing.isEmpty();
    }

    /** Asks for a connection; the listener may be told before this returns. */
    abstract void acquire(UpstreamListener listener);

    /** The endpoint is gone, or the cluster: idle connections close now, busy ones after their response. Who waits is still served. */
    void drain() {
        draining = true;
    }

    /** Whether the circuit breaker of pools lets this one be used, which it may not when it holds nothing yet. */
    final boolean admit() {
        if (!counted) {
            if (!limits.pools.canCreate()) {
                stats().cxPoolOverflow.inc();
                return false;
            }
            counted = true;
            limits.pools.inc();
        }
        return true;
    }

    /** Has {@code pool}, which this one uses, tell this one when it holds nothing any more. */
    final void uses(ConnectionPool pool) {
        pool.outer = this;
    }

    /** Something that the pool held is gone. */
    final void settle() {
        if (outer != null) {
            outer.settle();
        } else if (counted && isEmpty()) {
            counted = false;
            limits.pools.dec();
        }
    }

    /** Lets the listener wait, if the circuit breaker does; else it is told. */
    final boolean pend(UpstreamListener listener) {
        if (!limits.pendingRequests.canCreate()) {
            stats().rqPendingOverflow.inc();
            listener.onPoolFailure(ResetReason.OVERFLOW, null);
            return false;
        }
        pending.addLast(listener);
        limits.pendingRequests.inc();
        stats().rqPendingTotal.inc();
        stats().rqPendingActive.inc();
        endpoint.rqPendingActive.increment();
        return true;
    }

    /** Requests under way. */
    final int active() {
        return active;
    }

    final int waiting() {
        return pending.size();
    }

    /** {@code options} for a connection that is made for the request that came last. */
    final UpstreamTransport.Options optionsForNewest(UpstreamTransport.Options options) {
        UpstreamListener newest = pending.peekLast();
        Map<String, FilterStateValue> state = newest == null ? Map.of() : newest.sharedFilterState();
        return state.isEmpty() ? options : options.with(state);
    }

    /** Takes the one that has waited longest out, or null. */
    final @Nullable UpstreamListener next() {
        UpstreamListener next = pending.pollFirst();
        if (next != null) {
            unpend();
        }
        return next;
    }

    /** Takes back a request that still waits for a connection; false when it does not wait here. */
    boolean cancel(UpstreamListener listener) {
        if (!pending.remove(listener) && !failing.remove(listener)) {
            return false;
        }
        stats().rqCancelled.inc();
        unpend();
        settle();
        return true;
    }

    private void unpend() {
        limits.pendingRequests.dec();
        stats().rqPendingActive.dec();
        endpoint.rqPendingActive.decrement();
    }

    /**
     * All that wait are told, not only one: who asks decides what becomes of an endpoint that can't be reached. Who is told may ask again at
     * once, which is a wait of its own, or take another's request back, who then is not told.
     */
    final void failPending(ConnectFailure failure) {
        failing.addAll(pending);
        pending.clear();
        UpstreamListener l;
        while ((l = failing.pollFirst()) != null) {
            unpend();
            stats().rqPendingFailureEject.inc();
            Map<String, Object> marks = failure.marks();
            if (marks != null) {
                l.onMarks(marks);
            }
            l.onPoolFailure(failure.reason(), failure.transportFailure());
        }
        settle();
    }

    /** Whether one more connection may be opened; {@code none} = the pool has none, and what waits in it would wait forever. */
    final boolean mayConnect(boolean none) {
        if (endpoint.cxActive.sum() < limits.config().maxConnectionsPerHost() && limits.connections.canCreate()) {
            return true;
        }
        stats().cxOverflow.inc();
        return none; // Others hold all connections.
    }

    /**
     * Whether the circuit breaker lets a request begin: then {@link #begin}, else {@link #overflow}. Asked once for each request, since other
     * loops may change the answer at any time.
     */
    final boolean mayBegin() {
        return limits.requests.canCreate();
    }

    /** Tells the listener that the circuit breaker has stopped its request. */
    final void overflow(UpstreamListener listener) {
        stats().rqActiveOverflow.inc();
        listener.onPoolFailure(ResetReason.OVERFLOW, null);
    }

    /** Counts a request that begins. */
    final void begin() {
        active++;
        limits.requests.inc();
        stats().rqTotal.inc();
        stats().rqActive.inc();
        endpoint.rqTotal.increment();
        endpoint.rqActive.incrementAndGet();
    }

    /** Counts the end of a request. */
    final void ended() {
        active--;
        limits.requests.dec();
        stats().rqActive.dec();
        endpoint.rqActive.decrementAndGet();
    }
}
