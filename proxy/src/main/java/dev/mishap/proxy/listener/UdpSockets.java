package dev.mishap.proxy.listener;

import dev.mishap.proxy.filter.udp.UdpFilter;
import dev.mishap.proxy.filter.udp.UdpFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.transport.Transport;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The UDP sockets of a listener, one a worker where the system allows it: it gives each the datagrams of some of the clients.
 *
 * <p>What a socket of any address ({@code 0.0.0.0}) sends leaves from the address that the route back suggests, which need not be the one that
 * the client asked and listens to. So there each address of this machine that is asked gets sockets of its own, with the first datagram that is sent to it.
 */
final class UdpSockets implements BoundSockets {
    /** Datagrams that are read with one call. */
    private static final int BATCH = 16;
    /** Addresses that get sockets of their own; answers of further ones leave from where the route suggests. */
    private static final int MAX_SPECIFIC = 16;

    private static final Logger LOG = LoggerFactory.getLogger("udp");

    private final Transport transport;
    private final List<EventLoop> workers;
    private final List<Channel> sockets = new ArrayList<>();
    /** Those of sockets of any address. */
    private final List<Reader> readers = new CopyOnWriteArrayList<>();

    private volatile Listener target;

    UdpSockets(Transport transport, List<EventLoop> workers, Listener target) {
        this.transport = transport;
        this.workers = workers;
        this.target = target;
    }

    @Override
    public synchronized void bind(ListenerConfig config) {
        if (!config.sockets().bind()) {
            return;
        }
        UdpConfig udp = target.udp();
        for (SocketConfig.Place place : config.sockets().addresses()) {
            boolean each = config.sockets().perWorker() && transport.supportsReusePort();
            SocketAddress address = place.address();
            for (int i = 0; i < (each ? workers.size() : 1); i++) {
                EventLoop worker = workers.get(i);
                Bootstrap b = bootstrap(worker, config, place, each);
                boolean any = each
                        && address instanceof InetSocketAddress ip
                        && ip.getAddress().isAnyLocalAddress()
                        && transport.tellsDestinations(b);
                b.handler(new Reader(udp, any ? at -> openAt(worker, config, place, at) : null));
                var future = b.bind(address).awaitUninterruptibly();
                if (!future.isSuccess()) {
                    close();
                    throw ListenSockets.failure(place.address(), future.cause());
                }
                sockets.add(future.channel());
                address = future.channel().localAddress();
                afterBind(future.channel(), config, place);
            }
        }
    }

    private Bootstrap bootstrap(EventLoop worker, ListenerConfig config, SocketConfig.Place place, boolean each) {
        Bootstrap b = new Bootstrap();
        b.group(worker);
        b.channelFactory(transport::datagramChannel);
        b.option(ChannelOption.SO_RCVBUF, Transport.DATAGRAM_QUEUE);
        if (each) {
            transport.reusePort(b);
        }
        ListenSockets.options(config.sockets(), place).forEach(o -> transport.option(b, o));
        return b;
    }

    private void afterBind(Channel socket, ListenerConfig config, SocketConfig.Place place) {
        for (SocketConfig.Option o : config.sockets().options(place)) {
            if (!o.beforeBind()) {
                transport.option(socket, ListenSockets.raw(config.sockets(), o));
            }
        }
    }

    /** A socket of one address beside that of any; on its loop, where all of it acts at once. Null when it can't be had. */
    private @Nullable Channel openAt(
            EventLoop worker, ListenerConfig config, SocketConfig.Place place, InetSocketAddress at) {
        Bootstrap b = bootstrap(worker, config, place, true);
        b.handler(new Reader(target.udp(), null));
        ChannelFuture registered = b.register();
        Channel socket = registered.channel();
        if (registered.cause() != null) {
            LOG.debug("there is no socket for answers of {}", at, registered.cause());
            return null;
        }
        if (!socket.bind(at).isSuccess()) {
            LOG.debug("answers of {} leave from where the route suggests", at);
            socket.close();
            return null;
        }
        afterBind(socket, config, place);
        readers.forEach(each -> each.alsoAt(at));
        return socket;
    }

    @Override
    public synchronized void target(Listener next) {
        target = next;
        UdpConfig udp = next.udp();
        for (Channel socket : sockets) {
            // In the loop's turn: the filters of before see what they have begun to read.
            socket.eventLoop().execute(() -> {
                if (socket.isOpen()) {
                    socket.pipeline().get(Reader.class).use(socket, udp);
                }
            });
        }
    }

    @Override
    public synchronized SocketAddress address(SocketAddress absent) {
        return sockets.isEmpty() ? absent : sockets.get(0).localAddress();
    }

    @Override
    public synchronized void accept(boolean accept) {
        sockets.forEach(s -> s.config().setAutoRead(accept));
        readers.forEach(each -> each.accept(accept));
    }

    @Override
    public synchronized void close() {
        sockets.forEach(Channel::close);
        sockets.clear();
    }

    /** Gives what one socket reads to its filters. Confined to the socket's loop. */
    private final class Reader extends ChannelInboundHandlerAdapter {
        private UdpConfig config;
        private UdpFilter[] filters = {};
        /** Opens a socket of one address; null = this is one, or answers of all leave as the route suggests. */
        private final @Nullable Function<InetSocketAddress, @Nullable Channel> opener;

        private final Map<InetAddress, Optional<Channel>> specific = new HashMap<>(0);
        private @Nullable EventLoop loop;

        Reader(UdpConfig config, @Nullable Function<InetSocketAddress, @Nullable Channel> opener) {
            this.config = config;
            this.opener = opener;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            loop = ctx.channel().eventLoop();
            if (opener != null) {
                readers.add(this);
            }
            use(ctx.channel(), config);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            readers.remove(this);
            specific.values().forEach(socket -> socket.ifPresent(Channel::close));
            specific.clear();
        }

        /** The socket that has this address for its own, if there is to be one. */
        private @Nullable Channel socketAt(@Nullable InetSocketAddress to, boolean open) {
            Function<InetSocketAddress, @Nullable Channel> opens = opener;
            if (opens == null || to == null) {
                return null;
            }
            InetAddress address = to.getAddress();
            Optional<Channel> known = specific.get(address);
            if (known == null) {
                if (!open
                        || specific.size() >= MAX_SPECIFIC
                        || address.isAnyLocalAddress()
                        || address.isMulticastAddress()) {
                    return null;
                }
                specific.put(address, Optional.empty());
                known = Optional.ofNullable(opens.apply(to));
                specific.put(address, known);
            }
            return known.orElse(null);
        }

        /** Another worker has a socket of that address, which would get all its datagrams. Any thread. */
        void alsoAt(InetSocketAddress address) {
            onLoop(() -> socketAt(address, true));
        }

        /** Any thread. */
        void accept(boolean accept) {
            onLoop(() -> specific.values()
                    .forEach(socket -> socket.ifPresent(s -> s.config().setAutoRead(accept))));
        }

        private void onLoop(Runnable action) {
            EventLoop of = loop;
            if (of != null) {
                of.execute(action);
            }
        }

        void use(Channel socket, UdpConfig next) {
            config = next;
            // One more than is taken, so that a longer datagram is told from one that fits.
            Transport.datagramBuffers(socket, next.maxDatagram() + 1, BATCH);
            List<UdpFilter> made = new ArrayList<>();
            for (UdpFilterFactory factory : next.filters()) {
                made.add(factory.create(socket));
            }
            UdpFilter[] before = filters;
            filters = made.toArray(UdpFilter[]::new);
            for (UdpFilter filter : before) {
                filter.onRemoved();
            }
            for (Optional<Channel> each : specific.values()) {
                each.ifPresent(s -> s.pipeline().get(Reader.class).use(s, next));
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            Channel own = socketAt(packet.recipient(), true);
            if (own != null) {
                own.pipeline().fireChannelRead(packet).fireChannelReadComplete();
                return;
            }
            try {
                ByteBuf bytes = packet.content();
                Counter dropped = config.dropped();
                if (bytes.readableBytes() > config.maxDatagram()) {
                    dropped.inc();
                    return;
                }
                InetSocketAddress from = packet.sender();
                for (UdpFilter filter : filters) {
                    if (!filter.onDatagram(bytes, from)) {
                        return;
                    }
                }
            } finally {
                packet.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            for (UdpFilter filter : filters) {
                filter.onReadComplete();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            for (UdpFilter filter : filters) {
                filter.onReceiveError();
            }
        }
    }
}
