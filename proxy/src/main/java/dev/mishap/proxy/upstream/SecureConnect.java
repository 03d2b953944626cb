package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A connection that is made in two steps, of which the second is its transport's handshake. One timeout covers both. */
final class SecureConnect extends ChannelInitializer<Channel> {
    private final UpstreamTransport transport;
    private final Endpoint to;
    private final SocketAddress at;
    private final Connector connector;
    private final ChannelHandler handler;
    private final UpstreamTransport.Options options;
    private @Nullable Future<Channel> ready;

    SecureConnect(
            Connector connector,
            UpstreamTransport transport,
            Endpoint to,
            SocketAddress at,
            ChannelHandler handler,
            UpstreamTransport.Options options) {
        this.connector = connector;
        this.transport = transport;
        this.to = to;
        this.at = at;
        this.handler = handler;
        this.options = options;
    }

    @Override
    protected void initChannel(Channel channel) {
        ready = transport.install(channel, at, to.hostname(), to.metadata(), options);
        channel.pipeline().addLast(handler);
    }

    ChannelHandler handler() {
        return handler;
    }

    /** Called on the loop of the connection, hence the channel has its handlers when this returns. */
    ChannelFuture start(long timeoutNanos) {
        ChannelFuture tcp = connector.open(to, at, this);
        Channel channel = tcp.channel();
        ChannelPromise done = channel.newPromise();
        tcp.addListener(f -> {
            if (!f.isSuccess()) {
                done.tryFailure(f.cause());
            }
        });
        Future<Channel> handshake = ready;
        if (handshake == null) {
            return tcp; // it could not be registered
        }
        handshake.addListener(f -> {
            if (f.isSuccess()) {
                done.trySuccess();
            } else {
                fail(channel, done, f.cause());
            }
        });
        Future<?> timeout = channel.eventLoop()
                .schedule(
                        () -> fail(channel, done, new ConnectTimeoutException("connect timeout")),
                        timeoutNanos,
                        TimeUnit.NANOSECONDS);
        done.addListener(f -> timeout.cancel(false));
        return done;
    }

    private static void fail(Channel channel, ChannelPromise done, Throwable cause) {
        if (done.tryFailure(cause)) {
            channel.close();
        }
    }
}
