package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.ResourceLimits;

/**
 * One upstream connection as its cluster's stats, its endpoint's and the circuit breaker count it: from the moment that it is asked for
 * to its end, which comes once.
 */
final class ConnectionLife {
    private final ClusterStats stats;
    private final Endpoint endpoint;
    private final ResourceLimits limits;
    private final long createdNanos = System.nanoTime();
    private long openedNanos;
    private boolean connected;

    /** A connection is asked for. */
    ConnectionLife(ClusterStats stats, Endpoint endpoint, ResourceLimits limits) {
        this.stats = stats;
        this.endpoint = endpoint;
        this.limits = limits;
        limits.connections.inc();
        stats.cxTotal.inc();
        stats.cxActive.inc();
        endpoint.cxTotal.increment();
        endpoint.cxActive.increment();
    }

    /** It is there. {@code bytesBefore} were sent before anything else, as a PROXY header. */
    void connected(int bytesBefore) {
        connected = true;
        openedNanos = System.nanoTime();
        stats.cxTxBytesTotal.add(bytesBefore);
        stats.cxConnectMs.record((openedNanos - createdNanos) / 1_000_000);
    }

    /** It never came about; {@link #ended} follows. */
    void failed(ConnectFailure failure) {
        stats.cxConnectFail.inc();
        endpoint.cxConnectFail.increment();
        if (failure.timeout()) {
            stats.cxConnectTimeout.inc();
        }
    }

    /**
     * It is over.
     *
     * @param locally whether we ended it
     * @param withRequest whether it carried one
     */
    void ended(boolean locally, boolean withRequest) {
        limits.connections.dec();
        stats.cxActive.dec();
        endpoint.cxActive.decrement();
        stats.cxDestroy.inc();
        (locally ? stats.cxDestroyLocal : stats.cxDestroyRemote).inc();
        if (withRequest) {
            stats.cxDestroyWithActiveRq.inc();
            (locally ? stats.cxDestroyLocalWithActiveRq : stats.cxDestroyRemoteWithActiveRq).inc();
        }
        if (connected) {
            stats.cxLengthMs.record((System.nanoTime() - createdNanos) / 1_000_000);
        }
    }

    /** Whether it ever was there. */
    boolean wasConnected() {
        return connected;
    }

    /** When it was asked for, by {@link System#nanoTime}. */
    long createdNanos() {
        return createdNanos;
    }

    /** When it was there. */
    long openedNanos() {
        return openedNanos;
    }
}
