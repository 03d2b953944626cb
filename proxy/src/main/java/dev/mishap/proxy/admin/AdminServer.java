package dev.mishap.proxy.admin;

import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.stats.Scope;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The admin server's listening socket. */
public final class AdminServer implements AutoCloseable {
    private final Channel channel;
    private final ExecutorService offLoop;

    private AdminServer(Channel channel, ExecutorService offLoop) {
        this.channel = channel;
        this.offLoop = offLoop;
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
        ExecutorService offLoop = offLoop();
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loop, loop)
                .channel(channelType)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.pipeline().addLast(new AdminConnection(router, stats, accessLog, offLoop));
                    }
                });
        try {
            return new AdminServer(bootstrap.bind(address).sync().channel(), offLoop);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while binding " + address, e);
        } catch (Exception e) { // Netty throws the checked cause unchecked
            offLoop.shutdownNow();
            throw new IOException("cannot bind '" + text(address) + "': " + e.getMessage(), e);
        }
    }

    /** One thread, that is there only while there is work, so that an idle proxy does not pay for it. */
    private static ExecutorService offLoop() {
        ThreadPoolExecutor executor = new ThreadPoolExecutor(
                1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), new DefaultThreadFactory("admin", true));
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    private static String text(SocketAddress address) {
        return address instanceof InetSocketAddress inet ? NetUtil.toSocketAddressString(inet) : address.toString();
    }

    /** The bound address, with the port that the system chose for port 0. */
    public SocketAddress address() {
        return channel.localAddress();
    }

    /** Stops listening; connections end by themselves. */
    @Override
    public void close() {
        channel.close();
        offLoop.shutdown();
    }
}
