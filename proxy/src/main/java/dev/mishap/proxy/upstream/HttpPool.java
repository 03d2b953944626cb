package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import java.util.ArrayList;
import java.util.Collection;

/**
 * A pool whose connections all speak one version of HTTP: opens them as requests wait, and forgets them. Which connection a request gets
 * is the subclass's.
 */
abstract class HttpPool<C extends ChannelHandler & HttpPool.Connection> extends ConnectionPool {
    /** What a pool does to its connections. */
    interface Connection {
        /** The channel is there. */
        void connected(Channel channel);

        /** The connection never came about. */
        void failed(ConnectFailure failure);

        boolean wasConnected();

        void close();

        /** Closes now when idle, else after the last response. One that is being opened is the pool's to use or to close. */
        void drain();
    }

    private static final int MOST_AT_ONCE = 3;

    private final Collection<C> open;
    private final UpstreamTransport.Options options;
    private final double ratio;
    private int connecting;

    /** @param open where the pool keeps its connections */
    HttpPool(
            Cluster cluster,
            Endpoint endpoint,
            ResourceLimits limits,
            Connector connector,
            UpstreamTransport.Options options,
            Collection<C> open) {
        super(cluster, endpoint, limits, connector);
        this.options = options;
        this.open = open;
        this.ratio = cluster.config().connect().preconnectRatio();
    }

    /** A new connection, which is to be connected. */
    abstract C make();

    /** Requests that so many connections will carry at once. */
    abstract long capacity(int connections);

    /** A connection is there. */
    abstract void onConnected(C connection);

    /** A connection is there that no request of the pool's asked for. */
    void onAdopted(C connection) {}

    @Override
    boolean isEmpty() {
        return open.isEmpty() && super.isEmpty();
    }

    final void connectIfNeeded() {
        if (capacity(connecting) < waiting() && mayConnect(open.isEmpty())) {
            connect();
        }
        if (ratio > 1) {
            connectAhead();
        }
    }

    /** Opens connections for requests that are to come, as many as the ratio wants of them for those that are there. */
    final void connectAhead() {
        for (int i = 0; i < MOST_AT_ONCE && !draining(); i++) {
            if ((waiting() + active()) * ratio <= capacity(open.size()) || !mayConnect(false)) {
                return;
            }
            connect();
        }
    }

    /** Whether there are to be more connections than requests. */
    final boolean connectsAhead() {
        return ratio > 1;
    }

    private void connect() {
        C c = make();
        open.add(c);
        connecting++;
        ChannelFuture future = connector.connect(endpoint(), c, optionsForNewest(options));
        if (future.isDone()) {
            connected(c, future);
        } else {
            future.addListener(f -> connected(c, future));
        }
    }

    /** Takes over a connection that was opened before it was known what it speaks. */
    final void adopt(Channel channel) {
        C c = make();
        open.add(c);
        channel.pipeline().addLast(c);
        c.connected(channel);
        onAdopted(c);
        if (!channel.isActive()) {
            // Nobody may be told of that any more: what told so may have been before the connection was in the
            // pipeline.
            channel.eventLoop().execute(c::close);
        }
    }

    private void connected(C c, ChannelFuture future) {
        connecting--;
        if (!future.isSuccess()) {
            ConnectFailure failure = connector.failure(endpoint(), future);
            c.failed(failure);
            failPending(failure);
            return;
        }
        Channel channel = future.channel();
        c.connected(channel);
        if (draining() && waiting() == 0) {
            c.close();
        } else if (channel.isActive()) {
            onConnected(c);
        }
        // Else it was closed at once, and channelInactive tells so.
    }

    /** A connection is over. */
    void closed(C c) {
        open.remove(c);
        if (c.wasConnected() && waiting() > 0) {
            connectIfNeeded();
        }
        settle();
    }

    @Override
    void drain() {
        super.drain();
        for (C c : new ArrayList<>(open)) {
            c.drain();
        }
    }
}
