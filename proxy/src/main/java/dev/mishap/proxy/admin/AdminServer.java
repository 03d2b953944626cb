package dev.mishap.proxy.admin;

import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.stats.Scope;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import java.io.IOException;
import java.net.SocketAddress;

/** The admin server's listening socket. */
public final class AdminServer implements AutoCloseable {
    private final Channel channel;

    private AdminServer(Channel channel) {
        this.channel = channel;
    }

    /**
     * Listens on {@code address}, which a unix socket's may be if {@code channelType} is one for those.
     *
     * @param loop where it is accepted and answered
     * @param root the root scope; stats are {@code http.admin.*} and {@code listener.admin.*}
     * @param accessLog told of each request
     * @throws IOException if the address can't be bound
     */
    public static AdminServer bind(
            EventLoop loop,
            Class<? extends ServerChannel> channelType,
            SocketAddress address,
            AdminRouter router,
            Scope root,
            AccessLog accessLog)
            throws IOException {
        AdminStats stats = new AdminStats(root);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loop, loop)
                .channel(channelType)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.pipeline().addLast(new AdminConnection(router, stats, accessLog));
                    }
                });
        try {
            return new AdminServer(bootstrap.bind(address).sync().channel());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while binding " + address, e);
        } catch (Exception e) { // Netty throws the checked cause unchecked
            throw new IOException("cannot bind '" + address + "': " + e.getMessage(), e);
        }
    }

    /** The bound address, with the port that the system chose for port 0. */
    public SocketAddress address() {
        return channel.localAddress();
    }

    /** Stops listening; connections end by themselves. */
    @Override
    public void close() {
        channel.close();
    }
}
