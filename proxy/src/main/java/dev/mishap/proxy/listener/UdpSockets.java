package dev.mishap.proxy.listener;

import dev.mishap.proxy.filter.udp.UdpFilter;
import dev.mishap.proxy.filter.udp.UdpFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.transport.Transport;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;

/** The UDP sockets of a listener, one a worker where the system allows it: it gives each the datagrams of some of the clients. */
final class UdpSockets implements BoundSockets {
    /** Datagrams that are read with one call. */
    private static final int BATCH = 16;

    private final Transport transport;
    private final List<EventLoop> workers;
    private final List<Channel> sockets = new ArrayList<>();
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
                Bootstrap b = new Bootstrap();
                b.group(workers.get(i));
                b.channelFactory(transport::datagramChannel);
                b.handler(new Reader(udp));
                b.option(ChannelOption.SO_RCVBUF, Transport.DATAGRAM_QUEUE);
                if (each) {
                    transport.reusePort(b);
                }
                ListenSockets.options(config.sockets(), place).forEach(o -> transport.option(b, o));
                var future = b.bind(address).awaitUninterruptibly();
                if (!future.isSuccess()) {
                    close();
                    throw ListenSockets.failure(place.address(), future.cause());
                }
                sockets.add(future.channel());
                address = future.channel().localAddress();
                for (SocketConfig.Option o : config.sockets().options()) {
                    if (!o.beforeBind()) {
                        transport.option(future.channel(), ListenSockets.raw(config.sockets(), o));
                    }
                }
            }
        }
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
    }

    @Override
    public synchronized void close() {
        sockets.forEach(Channel::close);
        sockets.clear();
    }

    /** Gives what one socket reads to its filters. Confined to the socket's loop. */
    private static final class Reader extends ChannelInboundHandlerAdapter {
        private UdpConfig config;
        private UdpFilter[] filters = {};

        Reader(UdpConfig config) {
            this.config = config;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            use(ctx.channel(), config);
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
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
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
