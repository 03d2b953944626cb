package dev.mishap.proxy.listener;

import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.transport.ReadSize;
import dev.mishap.proxy.transport.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The sockets of one listening address, one a worker where the system allows it. They outlive a listener that is replaced: who
 * takes its place takes its sockets, so that no connection is refused in between.
 */
final class ListenSockets implements BoundSockets {
    private final Transport transport;
    private final List<EventLoop> workers;
    private final List<Channel> sockets = new ArrayList<>();
    private final Accepted accepted = new Accepted();
    private final Histogram acceptedPerEvent;
    private volatile Listener target;

    ListenSockets(Transport transport, List<EventLoop> workers, Listener target, Histogram acceptedPerEvent) {
        this.acceptedPerEvent = acceptedPerEvent;
        this.transport = transport;
        this.workers = workers;
        this.target = target;
    }

    /** Has new connections go to {@code next}. */
    @Override
    public void target(Listener next) {
        target = next;
    }

    /** Where the first socket listens, with the port that was found when the configured one is 0. */
    @Override
    public synchronized SocketAddress address(SocketAddress absent) {
        return sockets.isEmpty() || !(absent instanceof InetSocketAddress)
                ? absent
                : sockets.get(0).localAddress();
    }

    /**
     * Binds the sockets; blocks until all are there.
     *
     * @throws Listener.BindException when the address can't be had
     */
    @Override
    public synchronized void bind(ListenerConfig config) {
        if (config.sockets().bind()) {
            for (SocketConfig.Place place : config.sockets().addresses()) {
                bind(config, place);
            }
        }
    }

    private void bind(ListenerConfig config, SocketConfig.Place place) {
        SocketConfig options = config.sockets();
        boolean ip = place.address() instanceof InetSocketAddress;
        boolean each = ip && options.perWorker() && transport.supportsReusePort();
        SocketAddress address = ip ? place.address() : unix(place);
        for (int i = 0; i < (each ? workers.size() : 1); i++) {
            ServerBootstrap b = new ServerBootstrap();
            EventLoop own = workers.get(i);
            // Without a socket of its own for each worker, one worker accepts, and all take turns with the connections.
            b.group(own, each ? own : own.parent());
            b.channel(ip ? transport.serverChannel() : transport.unixServerChannel());
            b.handler(new AcceptCount(acceptedPerEvent));
            b.childHandler(accepted);
            b.option(ChannelOption.SO_BACKLOG, options.backlog() == 0 ? 4096 : options.backlog());
            if (options.acceptsPerEvent() > 0) {
                b.option(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new ServerChannelRecvByteBufAllocator().maxMessagesPerRead(options.acceptsPerEvent()));
            }
            int high = Math.max(config.bufferLimit(), 1);
            b.childOption(ChannelOption.RECVBUF_ALLOCATOR, ReadSize.USUAL);
            b.childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(high / 2, high));
            if (ip) {
                if (each) {
                    transport.reusePort(b);
                }
                b.option(ChannelOption.SO_REUSEADDR, true);
                b.childOption(ChannelOption.TCP_NODELAY, true);
                transport.options(b, options(options, place));
            }
            Channel socket = bind(b, address, place.address());
            sockets.add(socket);
            if (ip) {
                address = socket.localAddress();
            } else if (place.mode() != 0) {
                mode(place);
            }
            for (SocketConfig.Option o : options.options(place)) {
                if (!o.beforeBind()) {
                    transport.option(socket, raw(options, o));
                }
            }
        }
    }

    static List<Transport.RawOption> options(SocketConfig config, SocketConfig.Place place) {
        List<Transport.RawOption> raw = new ArrayList<>();
        if (place.address() instanceof InetSocketAddress inet
                && inet.getAddress() instanceof Inet6Address
                && !place.ipv4Compat()) {
            raw.add(Transport.RawOption.of(Transport.RawOption.IPV6, Transport.RawOption.IPV6_V6ONLY, 1));
        }
        if (config.transparent() != null) {
            raw.add(Transport.RawOption.of(
                    Transport.RawOption.IP, Transport.RawOption.IP_TRANSPARENT, config.transparent() ? 1 : 0));
        }
        if (config.freebind() != null) {
            raw.add(Transport.RawOption.of(
                    Transport.RawOption.IP, Transport.RawOption.IP_FREEBIND, config.freebind() ? 1 : 0));
        }
        if (config.fastOpen() > 0) {
            raw.add(Transport.RawOption.of(
                    Transport.RawOption.TCP, Transport.RawOption.TCP_FASTOPEN, config.fastOpen()));
        }
        for (SocketConfig.Option o : config.options(place)) {
            if (o.beforeBind()) {
                raw.add(raw(config, o));
            }
        }
        return raw;
    }

    static Transport.RawOption raw(SocketConfig config, SocketConfig.Option o) {
        Integer number = o.number();
        return number == null
                ? new Transport.RawOption(o.level(), o.name(), null, config.bytes(o))
                : Transport.RawOption.of(o.level(), o.name(), number);
    }

    private SocketAddress unix(SocketConfig.Place place) {
        String path = place.address().toString();
        try {
            // What a process that is gone has left there; a socket can't be bound to a path that is taken.
            Files.deleteIfExists(Path.of(path));
        } catch (IOException e) {
            throw failure(place.address(), e);
        }
        return transport.unixAddress(path);
    }

    private static void mode(SocketConfig.Place place) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        PosixFilePermission[] all = PosixFilePermission.values(); // from the owner's read to the others' execute
        for (int i = 0; i < all.length; i++) {
            if ((place.mode() >> all.length - 1 - i & 1) != 0) {
                permissions.add(all[i]);
            }
        }
        try {
            Files.setPosixFilePermissions(Path.of(place.address().toString()), permissions);
        } catch (IOException e) {
            throw failure(place.address(), e);
        }
    }

    private Channel bind(ServerBootstrap b, SocketAddress address, SocketAddress named) {
        var future = b.bind(address).awaitUninterruptibly();
        if (!future.isSuccess()) {
            close();
            throw failure(named, future.cause());
        }
        return future.channel();
    }

    static Listener.BindException failure(SocketAddress at, Throwable cause) {
        return new Listener.BindException(
                "error adding listener '" + ListenerAddress.text(at) + "': cannot bind: " + reason(cause));
    }

    /** The system's own words, which Netty's native transport puts after its own. */
    private static String reason(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        return message.substring(message.lastIndexOf(": ") + (message.contains(": ") ? 2 : 1));
    }

    /**
     * Finds out whether the address could be had, without listening there: a listener that warms up must not take connections
     * yet, and who sent it is to be told now.
     *
     * @throws Listener.BindException when not
     */
    static void probe(ListenerConfig config) {
        if (!config.sockets().bind() || !(config.address() instanceof InetSocketAddress)) {
            return;
        }
        if (config.udp() != null) {
            probeUdp(config);
            return;
        }
        try (Socket socket = new Socket()) {
            socket.setReuseAddress(true);
            if (config.sockets().perWorker()
                    && socket.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT)) {
                socket.setOption(StandardSocketOptions.SO_REUSEPORT, true);
            }
            socket.bind(config.address());
        } catch (IOException e) {
            throw failure(config.address(), e);
        }
    }

    /** Accepts, or leaves connections in the kernel's queue. */
    @Override
    public synchronized void accept(boolean accept) {
        for (Channel s : sockets) {
            s.config().setAutoRead(accept);
        }
    }

    @Override
    public synchronized void close() {
        for (Channel s : sockets) {
            s.close();
        }
        sockets.clear();
    }

    private static void probeUdp(ListenerConfig config) {
        try (DatagramSocket socket = new DatagramSocket((SocketAddress) null)) {
            if (config.sockets().perWorker()
                    && socket.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT)) {
                socket.setOption(StandardSocketOptions.SO_REUSEPORT, true);
            }
            socket.bind(config.address());
        } catch (IOException e) {
            throw failure(config.address(), e);
        }
    }

    @ChannelHandler.Sharable
    private final class Accepted extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            target.accepted(channel);
        }
    }

    /** Counts the connections that one readiness of a listening socket brought. Confined to the socket's loop. */
    private static final class AcceptCount extends ChannelInboundHandlerAdapter {
        private final Histogram perEvent;
        private int count;

        AcceptCount(Histogram perEvent) {
            this.perEvent = perEvent;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            count++;
            ctx.fireChannelRead(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            if (count > 0) {
                perEvent.record(count);
                count = 0;
            }
            ctx.fireChannelReadComplete();
        }
    }
}
