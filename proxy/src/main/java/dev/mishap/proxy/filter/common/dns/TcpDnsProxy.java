package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.LoopLocal;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One client's TCP connection: its questions do not wait for each other's answers (RFC 7766 §6.2.1.1). While the client does not take
 * answers, or has many questions under way, no more are read. Confined to its loop.
 */
public final class TcpDnsProxy extends ChannelInboundHandlerAdapter implements DnsClient {
    private static final int MAX_PIPELINED = 256;

    private final DnsServer server;
    private final Channel channel;
    private final InetSocketAddress peer;
    private final @Nullable InetSocketAddress local;
    private final Frames frames = new Frames();
    private final UnderWay underWay = new UnderWay();
    private boolean unflushed;
    private boolean closed;
    private long lastNanos = System.nanoTime();
    private @Nullable ScheduledFuture<?> idle;

    private TcpDnsProxy(DnsServer server, Channel channel, ConnectionInfo info) {
        this.server = server;
        this.channel = channel;
        InetSocketAddress remote = info.remoteAddress;
        this.peer = remote == null ? InetSocketAddress.createUnresolved("unix", 0) : remote;
        this.local = info.localAddress;
    }

    public static TerminalFilterFactory factory(DnsProxyConfig config) {
        LoopLocal<DnsServer> servers = new LoopLocal<>(loop -> new DnsServer(config, loop));
        return (channel, info) -> {
            if (info.remoteAddress == null || info.remoteAddress.getAddress() == null) {
                channel.close(); // a unix socket: rules and limits go by the client's address
                return;
            }
            TcpDnsProxy proxy = new TcpDnsProxy(servers.get(channel.eventLoop()), channel, info);
            channel.pipeline().addLast(proxy);
            proxy.watch();
        };
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        server.reading();
        lastNanos = System.nanoTime();
        if (!frames.read(ctx.alloc(), (ByteBuf) message, m -> server.question(this, peer, m))) {
            ctx.close();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        server.flush();
        pace();
    }

    private void pace() {
        channel.config().setAutoRead(underWay.size() < MAX_PIPELINED && channel.isWritable());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        pace();
    }

    @Override
    public void answer(ByteBuf transferred, InetSocketAddress to) {
        if (closed) {
            transferred.release();
            return;
        }
        channel.write(channel.alloc().ioBuffer(2).writeShort(transferred.readableBytes()), channel.voidPromise());
        channel.write(transferred, channel.voidPromise());
        lastNanos = System.nanoTime();
        if (!unflushed) {
            unflushed = true;
            server.flushClient(this::flush);
        }
    }

    private void flush() {
        unflushed = false;
        channel.flush();
        pace();
    }

    @Override
    public void began(Exchange exchange) {
        underWay.add(exchange);
    }

    @Override
    public void ended(Exchange exchange) {
        underWay.remove(exchange);
        if (!closed && underWay.size() == MAX_PIPELINED - 1) {
            pace();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closed = true;
        frames.close();
        ScheduledFuture<?> timer = idle;
        if (timer != null) {
            timer.cancel(false);
        }
        underWay.abandon(server);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }

    /** Closes the connection when nothing has passed for the time that it may be idle and nothing is under way. */
    private void watch() {
        long left = lastNanos + server.config.tcpIdleNanos() - System.nanoTime();
        if (left <= 0 && underWay.size() == 0) {
            channel.close();
            return;
        }
        idle = channel.eventLoop()
                .schedule(this::watch, left <= 0 ? server.config.tcpIdleNanos() : left, TimeUnit.NANOSECONDS);
    }

    @Override
    public boolean overStream() {
        return true;
    }

    @Override
    public @Nullable InetSocketAddress local() {
        return local;
    }
}
