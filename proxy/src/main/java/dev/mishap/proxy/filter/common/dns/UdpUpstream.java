package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.transport.Transport;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.collection.IntObjectHashMap;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One resolver over UDP, from one loop. Who wants to forge an answer has to guess the id and the socket's port: ids are drawn from a
 * secure generator, questions are spread at random over several connected sockets, each with a port that the system drew, and a
 * socket is replaced when it has carried some.
 */
final class UdpUpstream {
    private static final int SOCKETS = 8;
    /** Questions that a socket carries before another takes its place. */
    private static final int LIFE = 1024;
    /** Ids that are tried before a socket counts as full. */
    private static final int DRAWS = 16;

    private final Resolvers owner;
    private final EventLoop loop;
    private final InetSocketAddress address;
    private final int maxAnswer;
    private final int batch;
    private final @Nullable Socket[] sockets = new Socket[SOCKETS];
    private int open;

    /**
     * @param maxAnswer longer answers are cut
     * @param batch answers that are read with one call; as many buffers of that length are taken for a read
     */
    UdpUpstream(Resolvers owner, EventLoop loop, InetSocketAddress address, int maxAnswer, int batch) {
        this.maxAnswer = maxAnswer;
        this.batch = batch;
        this.owner = owner;
        this.loop = loop;
        this.address = address;
    }

    /** Sends the question; false when that can't be done now. */
    boolean ask(Exchange exchange) {
        int slot = owner.random.next16() % SOCKETS;
        Socket socket = sockets[slot];
        if (socket == null || socket.asked >= LIFE || !socket.channel.isActive()) {
            if (socket != null) {
                socket.retire();
            }
            socket = open();
            sockets[slot] = socket;
        }
        return socket != null && socket.ask(exchange);
    }

    private @Nullable Socket open() {
        Channel channel;
        try {
            channel = Transport.of(loop).datagramChannel();
        } catch (ChannelException e) {
            return null; // no descriptor
        }
        Transport.datagramBuffers(channel, maxAnswer, batch);
        channel.config().setOption(ChannelOption.SO_RCVBUF, Transport.DATAGRAM_QUEUE);
        Socket socket = new Socket(channel);
        channel.pipeline().addLast(socket);
        loop.register(channel);
        // Both act at once, being on the loop: connecting a datagram socket sends nothing.
        if (!channel.connect(address).isSuccess()) {
            channel.close();
            return null;
        }
        open++;
        channel.closeFuture().addListener(f -> open--);
        return socket;
    }

    /** Closes sockets that carried nothing since the last call; whether any is left. */
    boolean sweep() {
        for (int i = 0; i < SOCKETS; i++) {
            Socket socket = sockets[i];
            if (socket != null && socket.idle()) {
                socket.retire();
                sockets[i] = null;
            }
        }
        return open > 0;
    }

    void flush() {
        for (Socket socket : sockets) {
            if (socket != null && socket.unflushed) {
                socket.flush();
            }
        }
    }

    private final class Socket extends ChannelInboundHandlerAdapter implements UpstreamPath {
        final Channel channel;
        private final IntObjectHashMap<Exchange> waiting = new IntObjectHashMap<>(32);
        int asked;
        boolean unflushed;
        private int askedAtSweep;
        private boolean retired;

        Socket(Channel channel) {
            this.channel = channel;
        }

        boolean ask(Exchange exchange) {
            for (int i = 0; i < DRAWS; i++) {
                int id = owner.random.next16();
                if (!waiting.containsKey(id)) {
                    asked++;
                    waiting.put(id, exchange);
                    exchange.path = this;
                    exchange.upstreamId = id;
                    channel.write(owner.toUpstream(exchange, id, false), channel.voidPromise());
                    unflushed = true;
                    owner.flushLater();
                    return true;
                }
            }
            return false;
        }

        void flush() {
            unflushed = false;
            channel.flush();
        }

        boolean idle() {
            boolean same = asked == askedAtSweep && waiting.isEmpty();
            askedAtSweep = asked;
            return same;
        }

        void retire() {
            retired = true;
            if (unflushed) {
                flush();
            }
            closeIfDone();
        }

        private void closeIfDone() {
            if (retired && waiting.isEmpty()) {
                channel.close();
            }
        }

        @Override
        public void forget(Exchange exchange) {
            waiting.remove(exchange.upstreamId);
            exchange.path = null;
            closeIfDone();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            try {
                if (message instanceof DatagramPacket packet) {
                    read(packet.content());
                } else if (message instanceof ByteBuf bytes) {
                    read(bytes);
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        private void read(ByteBuf answer) {
            Exchange exchange = owner.matches(waiting, answer);
            if (exchange != null) {
                forget(exchange);
                owner.answered(exchange, answer);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            owner.readComplete();
        }

        /** The resolver's host told that nobody listens there. */
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            owner.stats.upstreamErrors.inc();
            for (Exchange exchange : waiting.values().toArray(Exchange[]::new)) {
                if (waiting.get(exchange.upstreamId) == exchange) {
                    forget(exchange);
                    owner.failed(exchange);
                }
            }
            owner.readComplete();
        }
    }
}
