package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.transport.Transport;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.collection.IntObjectHashMap;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One resolver over TCP, from one loop: one connection, on which questions do not wait for each other's answers (RFC 7766). */
final class TcpUpstream {
    /** Questions that one connection has under way; more begin another. */
    private static final int MAX_WAITING = 4096;

    private final Resolvers owner;
    private final EventLoop loop;
    private final InetSocketAddress address;
    private @Nullable Connection current;

    TcpUpstream(Resolvers owner, EventLoop loop, InetSocketAddress address) {
        this.owner = owner;
        this.loop = loop;
        this.address = address;
    }

    boolean ask(Exchange exchange) {
        Connection c = current;
        if (c == null || c.closed || c.waiting.size() >= MAX_WAITING) {
            if (c != null) {
                c.retire();
            }
            c = new Connection();
            current = c.connect() ? c : null;
            if (current == null) {
                return false;
            }
        }
        return c.ask(exchange);
    }

    /** Closes a connection that carried nothing since the last call; whether one is left. */
    boolean sweep() {
        Connection c = current;
        if (c != null && c.idle()) {
            current = null;
            c.channel().close();
        }
        return current != null;
    }

    void flush() {
        Connection c = current;
        if (c != null && c.unflushed) {
            c.flush();
        }
    }

    private final class Connection extends ChannelInboundHandlerAdapter implements UpstreamPath {
        final IntObjectHashMap<Exchange> waiting = new IntObjectHashMap<>(16);
        private final Frames frames = new Frames();
        private @Nullable Channel channel;
        boolean closed;
        boolean unflushed;
        private boolean connected;
        private boolean retired;
        private int asked;
        private int askedAtSweep;

        Channel channel() {
            Channel c = channel;
            if (c == null) {
                throw new IllegalStateException("not connected");
            }
            return c;
        }

        /** Whether there is a socket to connect. */
        boolean connect() {
            ChannelFuture connecting = new Bootstrap()
                    .group(loop)
                    .channel(Transport.of(loop).socketChannel())
                    .option(ChannelOption.TCP_NODELAY, true)
                    .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                            Math.max(1, TimeUnit.NANOSECONDS.toMillis(owner.config.timeoutNanos())))
                    .handler(this)
                    .connect(address);
            if (connecting.cause() != null) {
                return false; // no descriptor: a channel of no loop, whose listeners run on a thread of their own
            }
            channel = connecting.channel();
            connecting.addListener(f -> {
                if (f.isSuccess()) {
                    connected = true;
                    flush();
                } else {
                    end();
                }
            });
            return true;
        }

        boolean ask(Exchange exchange) {
            int id = owner.random.next16();
            while (waiting.containsKey(id)) {
                id = id + 1 & 0xffff;
            }
            asked++;
            waiting.put(id, exchange);
            exchange.path = this;
            exchange.upstreamId = id;
            if (connected) {
                channel().write(owner.toUpstream(exchange, id, true), channel().voidPromise());
                unflushed = true;
                owner.flushLater();
            }
            return true;
        }

        void flush() {
            unflushed = false;
            if (asked > 0 && connected) {
                channel().flush();
            }
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            // What was asked before the connection was there.
            for (Exchange exchange : waiting.values()) {
                ctx.write(owner.toUpstream(exchange, exchange.upstreamId, true), ctx.voidPromise());
            }
            connected = true;
            ctx.flush();
        }

        /** Another takes its place: it is asked no more, and goes when nobody waits on it. */
        void retire() {
            retired = true;
            if (unflushed) {
                flush();
            }
            closeIfDone();
        }

        private void closeIfDone() {
            if (retired && waiting.isEmpty()) {
                channel().close();
            }
        }

        boolean idle() {
            boolean same = asked == askedAtSweep && waiting.isEmpty();
            askedAtSweep = asked;
            return same;
        }

        @Override
        public void forget(Exchange exchange) {
            waiting.remove(exchange.upstreamId);
            exchange.path = null;
            closeIfDone();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            boolean sound = frames.read(ctx.alloc(), (ByteBuf) message, answer -> {
                Exchange exchange = owner.matches(waiting, answer);
                if (exchange != null) {
                    forget(exchange);
                    owner.answered(exchange, answer);
                }
            });
            if (!sound) {
                ctx.close();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            owner.readComplete();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            end();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }

        private void end() {
            if (closed) {
                return;
            }
            closed = true;
            frames.close();
            if (!waiting.isEmpty()) {
                owner.stats.upstreamErrors.inc();
            }
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
