package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.AddressText;
import dev.mishap.proxy.cluster.BindConfig;
import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.ConnectConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.KeepaliveConfig;
import dev.mishap.proxy.transport.InternalAddress;
import dev.mishap.proxy.transport.OriginalSource;
import dev.mishap.proxy.transport.ProxiedConnection;
import dev.mishap.proxy.transport.ReadSize;
import dev.mishap.proxy.transport.Transport;
import dev.mishap.proxy.transport.Transport.RawOption;
import dev.mishap.proxy.transport.UpstreamTransport;
import dev.mishap.proxy.transport.internal.InternalChannel;
import dev.mishap.proxy.transport.internal.InternalListeners;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.FileNotFoundException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Opens the connections of one cluster on one loop: TCP, and what the cluster's transport socket puts on it. */
final class Connector {
    private static final int SOL_IP = 0;
    private static final int IP_TRANSPARENT = 19;
    private static final int SOL_IPV6 = 41;
    private static final int IPV6_TRANSPARENT = 75;
    private static final int SOL_SOCKET = 1;
    private static final int SO_MARK = 36;
    private static final String[] ERRORS = {
        "Connection refused",
        "Connection reset by peer",
        "No route to host",
        "Network is unreachable",
        "Cannot assign requested address",
        "Address already in use",
        "Address family not supported by protocol",
        "No such file or directory",
        "Permission denied",
        "Connection timed out"
    };

    private final Cluster cluster;
    private final EventLoop loop;
    private final Bootstrap bootstrap;
    private final @Nullable BindConfig bind;
    private final @Nullable String serverName;
    private final boolean verifyName;
    private final @Nullable ProxiedConnection proxied;
    private final OpenLinks links;

    Connector(EventLoop loop, Cluster cluster, OpenLinks links) {
        this.cluster = cluster;
        this.loop = loop;
        this.serverName = null;
        this.verifyName = false;
        this.proxied = null;
        this.links = links;
        ClusterConfig config = cluster.config();
        BindConfig own = config.connect().bind();
        bind = own == null ? cluster.context().bind() : own;
        boolean epoll = Transport.isEpoll(loop);
        bootstrap = new Bootstrap()
                .group(loop)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.RECVBUF_ALLOCATOR, ReadSize.USUAL)
                .option(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        millis(config.connect().timeoutNanos()));
        limit(bootstrap, config.connect());
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
            Connector other,
            @Nullable String serverName,
            boolean verifyName,
            @Nullable ProxiedConnection proxied,
            @Nullable OriginalSource origin) {
        this.cluster = other.cluster;
        this.loop = other.loop;
        this.bootstrap = other.bootstrap;
        this.bind = origin == null ? other.bind : bind(origin);
        this.serverName = serverName;
        this.verifyName = verifyName;
        this.proxied = proxied;
        this.links = other.links;
    }

    /**
     * One whose connections are made for some requests only.
     *
     * @param serverName their host, or null when that does not matter
     * @param proxied the client's connection that they came by, or null when that does not matter
     * @param origin where they come from; null = from where all of the cluster's do
     */
    Connector madeFor(
            @Nullable String serverName,
            boolean verifyName,
            @Nullable ProxiedConnection proxied,
            @Nullable OriginalSource origin) {
        return new Connector(this, serverName, verifyName, proxied, origin);
    }

    /** An address that is not ours: sockets have to be transparent to be bound to it. */
    private static BindConfig bind(OriginalSource origin) {
        boolean v6 = origin.address().getAddress().length == 16;
        List<BindConfig.Option> options = new ArrayList<>();
        options.add(new BindConfig.Option(
                v6 ? RawOption.of(SOL_IPV6, IPV6_TRANSPARENT, 1) : RawOption.of(SOL_IP, IP_TRANSPARENT, 1), true));
        if (origin.mark() != 0) {
            options.add(new BindConfig.Option(RawOption.of(SOL_SOCKET, SO_MARK, origin.mark()), true));
        }
        InetSocketAddress from = new InetSocketAddress(origin.address(), origin.port());
        return new BindConfig(List.of(new BindConfig.Source(from, options)), options);
    }

    private static void limit(Bootstrap b, ConnectConfig config) {
        int limit = config.bufferLimitBytes();
        if (limit > 0) {
            b.option(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(limit / 2, limit));
        }
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
        List<SocketAddress> addresses = to.addresses();
        return addresses.size() == 1
                ? connect(to, to.address(), handler, options)
                : HappyEyeballs.start(
                        loop,
                        this,
                        to,
                        handler,
                        options,
                        cluster.config().connect().order().of(addresses));
    }

    /** Likewise, to one of the endpoint's addresses. */
    ChannelFuture connect(Endpoint to, SocketAddress at, ChannelHandler handler, UpstreamTransport.Options options) {
        UpstreamTransport transport = cluster.transport(to);
        if (transport == null) {
            return open(to, at, handler);
        }
        List<String> instead = cluster.config().connect().alpn();
        UpstreamTransport.Options all = serverName == null && proxied == null && instead.isEmpty()
                ? options
                : new UpstreamTransport.Options(
                        serverName,
                        verifyName,
                        options.applicationProtocols(),
                        instead,
                        proxied,
                        options.filterState());
        return new SecureConnect(this, transport, to, at, handler, all)
                .start(cluster.config().connect().timeoutNanos());
    }

    /** How many bytes the transport of a new connection to {@code to} wrote before those of the protocol. */
    int bytesBefore(Endpoint to, Channel channel) {
        UpstreamTransport transport = cluster.transport(to);
        return transport == null ? 0 : transport.bytesBefore(channel, proxied);
    }

    /** Starts to connect a socket, and no more. */
    ChannelFuture open(Endpoint to, SocketAddress at, ChannelHandler handler) {
        return links.open(cluster.name(), to, at, handler, new Dialing(this, at, handler));
    }

    /** Gives up a connection that was not there yet when last looked at. */
    static void abandon(ChannelFuture connecting) {
        if (connecting instanceof HappyEyeballs several) {
            several.abandon();
        }
        connecting.channel().close();
    }

    /** Envoy counts each address that is tried as a connection. */
    void countAttempt(Endpoint to) {
        cluster.stats().cxTotal.inc();
        to.cxTotal.increment();
    }

    long timeoutNanos() {
        return cluster.config().connect().timeoutNanos();
    }

    /** A socket that is not connected yet, ready to be by {@link #connect(Channel, SocketAddress)}; fails when there is no descriptor for it. */
    ChannelFuture socket(SocketAddress to, ChannelHandler handler) {
        Bootstrap b = to instanceof InetSocketAddress ip
                ? prepared(ip, handler)
                : local(to).handler(handler);
        return b.register();
    }

    /** Connects a {@link #socket}. */
    ChannelFuture connect(Channel socket, SocketAddress to) {
        if (!(to instanceof InetSocketAddress ip)) {
            return socket.connect(place(to));
        }
        BindConfig.Source source = bind == null ? null : bind.source(ip);
        if (source != null && !source.canReach(ip)) {
            return socket.newFailedFuture(new BindException("Address family not supported by protocol"));
        }
        ChannelFuture future = source == null ? socket.connect(ip) : socket.connect(ip, source.address());
        optionsAfter(ip, socket);
        return future;
    }

    private Bootstrap prepared(InetSocketAddress ip, ChannelHandler handler) {
        Bootstrap b = bootstrap.clone().handler(handler);
        for (BindConfig.Option o : options(ip)) {
            if (o.beforeConnect()) {
                Transport.of(loop).option(b, o.value());
            }
        }
        return b;
    }

    private List<BindConfig.Option> options(InetSocketAddress ip) {
        if (bind == null) {
            return List.of();
        }
        BindConfig.Source source = bind.source(ip);
        return source == null ? bind.options() : source.options();
    }

    private void optionsAfter(InetSocketAddress ip, Channel channel) {
        for (BindConfig.Option o : options(ip)) {
            if (!o.beforeConnect()) {
                Transport.of(loop).option(channel, o.value());
            }
        }
    }

    /** Connects at once. */
    ChannelFuture dial(SocketAddress to, ChannelHandler handler) {
        if (!(to instanceof InetSocketAddress ip)) {
            return local(to).handler(handler).connect(place(to));
        }
        Bootstrap b = prepared(ip, handler);
        if (bind == null) {
            return b.connect(ip);
        }
        BindConfig.Source source = bind.source(ip);
        ChannelFuture future;
        if (source == null) {
            future = b.connect(ip);
        } else if (source.canReach(ip)) {
            future = b.connect(ip, source.address());
        } else {
            future = b.register();
            if (future.cause() != null) {
                return future; // of no loop: it cannot even be closed
            }
            Channel channel = future.channel();
            channel.close();
            return channel.newFailedFuture(new BindException("Address family not supported by protocol"));
        }
        optionsAfter(ip, future.channel());
        return future;
    }

    /** A unix socket or an internal listener, as a channel wants it. */
    private SocketAddress place(SocketAddress to) {
        return to instanceof InternalAddress ? to : Transport.of(loop).unixAddress(AddressText.of(to));
    }

    /** Without the options of TCP, which unix sockets and connections within the process have not. */
    private Bootstrap local(SocketAddress to) {
        ConnectConfig config = cluster.config().connect();
        Bootstrap b = new Bootstrap();
        if (to instanceof InternalAddress) {
            InternalListeners listeners = cluster.context().internalListeners();
            b.channelFactory(() -> new InternalChannel(listeners));
        } else {
            b.channel(Transport.of(loop).unixChannel());
        }
        b.group(loop).option(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis(config.timeoutNanos()));
        limit(b, config);
        return b;
    }

    /** What became of a connection to {@code to} that failed, as Envoy tells it; called once for each. */
    ConnectFailure failure(Endpoint to, ChannelFuture failed) {
        return why(to, failed).marked(failed.channel().attr(UpstreamLink.MARKS).get());
    }

    private ConnectFailure why(Endpoint to, ChannelFuture failed) {
        Throwable cause = failed.cause();
        if (cause instanceof ConnectTimeoutException) {
            return ConnectFailure.TIMEOUT;
        }
        // Netty says this one without words.
        String text = cause instanceof FileNotFoundException
                ? "No such file or directory"
                : String.valueOf(cause == null ? null : cause.getMessage());
        InetSocketAddress ip = to.ip();
        BindConfig.Source source = bind == null || ip == null ? null : bind.source(ip);
        if (source != null && cause != null && isBind(cause)) {
            cluster.stats().bindErrors.inc();
            return new ConnectFailure(
                    ResetReason.LOCAL_CONNECTION_FAILURE,
                    "failed_to_bind_to_" + AddressText.of(source.address()) + ":_" + known(text));
        }
        UpstreamTransport transport = cluster.transport(to);
        String told = transport == null || cause == null ? null : transport.failure(cause);
        return new ConnectFailure(
                ResetReason.REMOTE_CONNECTION_FAILURE,
                told == null ? failure(to, cause, known(text)) : told.replace(' ', '_'));
    }

    private static @Nullable String failure(Endpoint to, @Nullable Throwable cause, @Nullable String known) {
        if (known == null && !(cause instanceof ConnectException)) {
            return null;
        }
        String what = known == null ? "Connection_refused" : known;
        return to.ip() == null
                ? "immediate_connect_error:_" + what + "|remote_address:" + to
                : "delayed_connect_error:_" + what;
    }

    /** NIO tells by the type, with what happened as the cause; epoll by the name of the call. */
    private static boolean isBind(Throwable cause) {
        return cause instanceof BindException
                || cause.getCause() instanceof BindException
                || String.valueOf(cause.getMessage()).startsWith("bind(");
    }

    /** The system's words within {@code text}. */
    private static @Nullable String known(String text) {
        for (String known : ERRORS) {
            if (text.toLowerCase(Locale.ROOT).contains(known.toLowerCase(Locale.ROOT))) {
                return known.replace(' ', '_');
            }
        }
        return null;
    }

    /** Where a connected channel goes when that need not be the endpoint's address; null when it is. */
    static @Nullable SocketAddress elsewhere(Channel channel, Endpoint to) {
        return to.addresses().size() == 1 ? null : channel.remoteAddress();
    }

    /** The local address of a connected channel. */
    static @Nullable InetSocketAddress localAddress(Channel channel) {
        return channel.localAddress() instanceof InetSocketAddress a ? a : null;
    }
}
