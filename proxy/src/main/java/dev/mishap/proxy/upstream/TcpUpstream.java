package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ConnectionLoss;
import dev.mishap.proxy.transport.HalfClose;
import dev.mishap.proxy.transport.ReadSize;
import dev.mishap.proxy.transport.TlsSession;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One connection to an endpoint that carries bytes for one downstream connection, counted as Envoy's TCP pool counts. Confined to its
 * loop. Made by {@link ClusterPools#tcp}.
 */
public final class TcpUpstream extends ChannelInboundHandlerAdapter implements ByteUpstream, UpstreamLink.Marked {
    private final Cluster cluster;
    private final Endpoint endpoint;
    private final ResourceLimits limits;
    private final Connector connector;
    private final UpstreamTransport.Options options;
    private final TcpListener listener;
    /** In the same sequence as downstream connections. */
    public final long id = ConnectionInfo.nextId();

    private final ReadSize reads = new ReadSize();
    private @Nullable ConnectionLife life;
    /** From the start on; its channel is the connection's once it is done. */
    private @Nullable ChannelFuture connecting;

    private boolean pending;
    private boolean connected;
    private boolean closed;
    private boolean told;
    private boolean resetByPeer;
    private boolean closedLocally;

    TcpUpstream(
            Cluster cluster,
            Endpoint endpoint,
            Connector connector,
            @Nullable ConnectionInfo downstream,
            TcpListener listener) {
        this.cluster = cluster;
        this.endpoint = endpoint;
        this.connector = connector;
        this.options = UpstreamTransport.Options.of(downstream);
        this.limits = cluster.limits(RequestPriority.DEFAULT);
        this.listener = listener;
    }

    private ClusterStats stats() {
        return cluster.stats();
    }

    @Override
    public boolean start() {
        if (!limits.pendingRequests.canCreate()) {
            stats().rqPendingOverflow.inc();
            return false;
        }
        pending = true;
        limits.pendingRequests.inc();
        stats().rqPendingTotal.inc();
        stats().rqPendingActive.inc();
        endpoint.rqPendingActive.increment();
        life = new ConnectionLife(stats(), endpoint, limits);
        ChannelFuture future = connector.connect(endpoint, this, options);
        connecting = future;
        if (future.isDone()) {
            connected(future);
        } else {
            future.addListener(f -> connected(future));
        }
        return true;
    }

    private void unpend() {
        if (pending) {
            pending = false;
            limits.pendingRequests.dec();
            stats().rqPendingActive.dec();
            endpoint.rqPendingActive.decrement();
        }
    }

    private void connected(ChannelFuture future) {
        if (closed) {
            return;
        }
        unpend();
        if (future.isSuccess()) {
            connected = true;
            UpstreamTransport transport = cluster.transport(endpoint);
            life().connected(transport == null ? 0 : transport.bytesBefore(channel(), options.downstream()));
            limits.requests.inc();
            stats().rqTotal.inc();
            stats().rqActive.inc();
            endpoint.rqTotal.increment();
            endpoint.rqActive.incrementAndGet();
            listener.onConnected();
            return;
        }
        ConnectFailure failure = connector.failure(endpoint, future);
        closedLocally = failure.local();
        told = true;
        life().failed(failure);
        stats().rqPendingFailureEject.inc();
        account();
        listener.onConnectFailure(failure.reason(), failure.transportFailure());
    }

    /** Counts the end, once. */
    private void account() {
        if (closed) {
            return;
        }
        closed = true;
        life().ended(closedLocally, connected);
        if (connected) {
            stats().rqActive.dec();
            limits.requests.dec();
            endpoint.rqActive.decrementAndGet();
        }
    }

    private ConnectionLife life() {
        ConnectionLife l = life;
        assert l != null : "used before it was started";
        return l;
    }

    // ---- what the channel tells ----

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        Channel channel = ctx.channel();
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.config().setRecvByteBufAllocator(reads);
        channel.config().setAutoRead(false);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        stats().cxRxBytesTotal.add(data.readableBytes());
        stats().cxRxBytesBuffered.touch();
        if (told) {
            data.release();
        } else {
            listener.onData(data);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (!told && connected) {
            listener.onReadComplete();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE) {
            if (!told && connected && !resetByPeer) {
                listener.onEnd();
            }
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (!told && connected) {
            boolean writable = ctx.channel().isWritable();
            (writable ? stats().flowDrained : stats().flowBackedUp).inc();
            listener.onWritable(writable);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        resetByPeer = ConnectionLoss.is(cause);
        ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!connected) {
            return; // the future of the connect tells
        }
        account();
        if (!told) {
            told = true;
            listener.onClosed(resetByPeer);
        }
    }

    @Override
    public void marked(Map<String, Object> marks) {
        listener.onMarks(marks);
    }

    // ---- what its user does ----

    /** How much is read at once. */
    public ReadSize reads() {
        return reads;
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    /** The channel; only once it is connected. */
    public Channel channel() {
        return connecting().channel();
    }

    private ChannelFuture connecting() {
        ChannelFuture c = connecting;
        assert c != null;
        return c;
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return Connector.localAddress(channel());
    }

    @Override
    public void write(ByteBuf transferred) {
        stats().cxTxBytesTotal.add(transferred.readableBytes());
        channel().write(transferred, channel().voidPromise());
    }

    @Override
    public long connectionId() {
        return id;
    }

    @Override
    public @Nullable SocketAddress elsewhere() {
        return Connector.elsewhere(channel(), endpoint);
    }

    @Override
    public @Nullable TlsSession tls() {
        return channel().attr(UpstreamTransport.SESSION).get();
    }

    /** Counts bytes that were moved past the pipeline. */
    public void moved(long read, long written) {
        stats().cxRxBytesTotal.add(read);
        stats().cxTxBytesTotal.add(written);
    }

    @Override
    public void flush() {
        channel().flush();
    }

    @Override
    public void end() {
        HalfClose.end(channel());
    }

    @Override
    public void read(boolean on) {
        channel().config().setAutoRead(on);
    }

    @Override
    public void countPause(boolean paused) {
        (paused ? stats().flowPausedReading : stats().flowResumedReading).inc();
    }

    @Override
    public void close() {
        if (told) {
            return;
        }
        told = true;
        closedLocally = true;
        if (pending) {
            unpend();
            stats().rqCancelled.inc();
        }
        account();
        Connector.abandon(connecting());
    }

    @Override
    public void closeWhenSent() {
        if (told) {
            return;
        }
        told = true;
        closedLocally = true;
        channel().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void closedByPeer() {
        if (!told) {
            told = true;
            channel().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void reset() {
        if (!told && connected) {
            channel().config().setOption(ChannelOption.SO_LINGER, 0);
        }
        close();
    }
}
