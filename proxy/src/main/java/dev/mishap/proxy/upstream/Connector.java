package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.KeepaliveConfig;
import dev.mishap.proxy.transport.ProxiedConnection;
import dev.mishap.proxy.transport.Transport;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Opens the connections of one cluster on one loop: TCP, and what the cluster's transport socket puts on it. */
final class Connector {
    private static final String[] ERRORS = {
        "Connection refused",
        "Connection reset by peer",
        "No route to host",
        "Network is unreachable",
        "Cannot assign requested address",
        "Connection timed out"
    };

    private final Cluster cluster;
    private final Bootstrap bootstrap;
    private final @Nullable String serverName;
    private final boolean verifyName;
    private final @Nullable ProxiedConnection proxied;

    Connector(EventLoop loop, Cluster cluster) {
        this.cluster = cluster;
        this.serverName = null;
        this.verifyName = false;
        this.proxied = null;
        ClusterConfig config = cluster.config();
        boolean epoll = isEpoll(loop);
        bootstrap = new Bootstrap()
                .group(loop)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        millis(config.connect().timeoutNanos()));
        int limit = config.connect().bufferLimitBytes();
        if (limit > 0) {
            bootstrap.option(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(limit / 2, limit));
        }
        KeepaliveConfig keepalive = config.connect().keepalive();
        if (keepalive != null) {
            bootstrap.option(ChannelOption.SO_KEEPALIVE, true);
            if (epoll) {
                set(EpollChannelOption.TCP_KEEPCNT, keepalive.probes());
                set(EpollChannelOption.TCP_KEEPIDLE, keepalive.timeSeconds());
                set(EpollChannelOption.TCP_KEEPINTVL, keepalive.intervalSeconds());
            }
        }
    }

    private Connector(
            Connector other, @Nullable String serverName, boolean verifyName, @Nullable ProxiedConnection proxied) {
        this.cluster = other.cluster;
        this.bootstrap = other.bootstrap;
        this.serverName = serverName;
        this.verifyName = verifyName;
        this.proxied = proxied;
    }

    /**
     * One whose connections are made for some requests only.
     *
     * @param serverName their host, or null when that does not matter
     * @param proxied the client's connection that they came by, or null when that does not matter
     */
    Connector madeFor(@Nullable String serverName, boolean verifyName, @Nullable ProxiedConnection proxied) {
        return new Connector(this, serverName, verifyName, proxied);
    }

    private static boolean isEpoll(EventLoop loop) {
        return Transport.isEpoll(loop);
    }

    private void set(ChannelOption<Integer> option, int value) {
        if (value >= 0) {
            bootstrap.option(option, value);
        }
    }

    private static int millis(long nanos) {
        return (int) Math.min(Integer.MAX_VALUE, Math.max(1, (nanos + 999_999) / 1_000_000));
    }

    /**
     * Starts to connect; the handler sees the channel become active. The future completes when the transport is ready for the
     * protocol, which has to be within the cluster's connect timeout.
     */
    ChannelFuture connect(Endpoint to, ChannelHandler handler, UpstreamTransport.Options options) {
        UpstreamTransport transport = cluster.transport(to);
        if (transport == null) {
            return bootstrap.clone().handler(handler).connect(to.address());
        }
        UpstreamTransport.Options all = serverName == null && proxied == null
                ? options
                : new UpstreamTransport.Options(serverName, verifyName, options.applicationProtocols(), proxied);
        return new SecureConnect(transport, to, handler, all)
                .start(bootstrap.clone(), cluster.config().connect().timeoutNanos());
    }

    /** How many bytes the transport of a new connection to {@code to} wrote before those of the protocol. */
    int bytesBefore(Endpoint to, Channel channel) {
        UpstreamTransport transport = cluster.transport(to);
        return transport == null ? 0 : transport.bytesBefore(channel, proxied);
    }

    /** What is said of a connection to {@code to} that failed, as Envoy tells it, or null when nothing known was said. */
    @Nullable
    String failure(Endpoint to, Throwable cause) {
        UpstreamTransport transport = cluster.transport(to);
        String text = transport == null ? null : transport.failure(cause);
        return text == null ? failure(cause) : text.replace(' ', '_');
    }

    private static @Nullable String failure(Throwable cause) {
        String text = String.valueOf(cause.getMessage());
        for (String known : ERRORS) {
            if (text.toLowerCase(Locale.ROOT).contains(known.toLowerCase(Locale.ROOT))) {
                return "delayed_connect_error:_" + known.replace(' ', '_');
            }
        }
        return cause instanceof ConnectException ? "delayed_connect_error:_Connection_refused" : null;
    }

    /** The local address of a connected channel. */
    static @Nullable InetSocketAddress localAddress(Channel channel) {
        return channel.localAddress() instanceof InetSocketAddress a ? a : null;
    }
}
