package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.transport.TlsSession;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/**
 * The connections to an endpoint that says itself, by ALPN on the first of them, which protocol it speaks ({@code auto_config}): from
 * then on a pool of that protocol.
 */
final class AutoPool extends ConnectionPool {
    private @Nullable ConnectionPool chosen;
    private boolean connecting;

    /** A pool; by a method, so that whoever calls it loads this class when it needs it and not before. */
    static ConnectionPool of(Cluster cluster, Endpoint endpoint, ResourceLimits limits, Connector connector) {
        return new AutoPool(cluster, endpoint, limits, connector);
    }

    private AutoPool(Cluster cluster, Endpoint endpoint, ResourceLimits limits, Connector connector) {
        super(cluster, endpoint, limits, connector);
    }

    @Override
    boolean isEmpty() {
        ConnectionPool pool = chosen;
        return pool == null ? !connecting && super.isEmpty() : pool.isEmpty();
    }

    @Override
    void acquire(UpstreamListener listener) {
        ConnectionPool pool = chosen;
        if (pool != null) {
            pool.acquire(listener);
        } else if (pend(listener) && !connecting && mayConnect(true)) {
            connect();
        }
    }

    @Override
    boolean cancel(UpstreamListener listener) {
        ConnectionPool pool = chosen;
        return super.cancel(listener) || pool != null && pool.cancel(listener);
    }

    @Override
    void drain() {
        super.drain();
        ConnectionPool pool = chosen;
        if (pool != null) {
            pool.drain();
        }
    }

    private void connect() {
        connecting = true;
        ChannelHandler placeholder = new ChannelInboundHandlerAdapter();
        ChannelFuture future =
                connector.connect(endpoint(), placeholder, optionsForNewest(UpstreamTransport.Options.AUTO));
        if (future.isDone()) {
            connected(placeholder, future);
        } else {
            future.addListener(f -> connected(placeholder, future));
        }
    }

    private void connected(ChannelHandler placeholder, ChannelFuture future) {
        connecting = false;
        if (!future.isSuccess()) {
            ConnectFailure failure = connector.failure(endpoint(), future);
            countFailure(failure);
            failPending(failure);
            return;
        }
        Channel channel = future.channel();
        stats().cxTotal.inc(); // Envoy counts it here, and once more as a connection of its protocol
        TlsSession session = channel.attr(UpstreamTransport.SESSION).get();
        channel.pipeline().remove(placeholder);
        if (session != null && "h2".equals(session.applicationProtocol())) {
            Http2Pool pool = new Http2Pool(cluster(), endpoint(), limits(), connector);
            chosen = pool;
            uses(pool);
            pool.adopt(channel);
        } else {
            Http1Pool pool = new Http1Pool(cluster(), endpoint(), limits(), connector);
            chosen = pool;
            uses(pool);
            pool.adopt(channel);
        }
        ConnectionPool pool = chosen;
        UpstreamListener next;
        while ((next = next()) != null) {
            pool.acquire(next);
        }
        if (draining()) {
            pool.drain();
        }
    }

    /** A connection that never came to a protocol. */
    private void countFailure(ConnectFailure failure) {
        stats().cxTotal.inc();
        stats().cxConnectFail.inc();
        stats().cxDestroy.inc();
        (failure.local() ? stats().cxDestroyLocal : stats().cxDestroyRemote).inc();
        if (failure.timeout()) {
            stats().cxConnectTimeout.inc();
        }
        endpoint().cxTotal.increment();
        endpoint().cxConnectFail.increment();
    }
}
