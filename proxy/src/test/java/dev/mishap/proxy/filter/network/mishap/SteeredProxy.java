package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.rules.StoreFixture;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.text.RuleLine;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A listener under rules whose filter echoes, on real sockets, with a loop and rules by a clock that only the test moves. */
final class SteeredProxy implements AutoCloseable {
    private static final TerminalFilterFactory ECHO = new TerminalFilterFactory() {
        @Override
        public void install(Channel channel, ConnectionInfo connection) {
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                    ctx.writeAndFlush(message);
                }

                @Override
                public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                    if (event == ChannelInputShutdownEvent.INSTANCE) {
                        ctx.close();
                    }
                }

                @Override
                public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    ctx.close();
                }
            });
        }

        @Override
        public boolean halfCloses() {
            return true;
        }
    };

    private final StoreFixture fixture = new StoreFixture();
    private final ManualIoEventLoop loop = new ManualIoEventLoop(null, null, NioIoHandler.newFactory(), fixture.ticker);
    private final ConnectionFaults faults = new ConnectionFaults(fixture.store, fixture.stats);
    private final Map<Channel, ConnectionInfo> open = new ConcurrentHashMap<>();
    private final Channel listener;
    private final Thread thread;
    /** Bytes of clients that the proxy has read, and ends of what they send that it has seen. */
    final AtomicLong received = new AtomicLong();

    final AtomicLong ends = new AtomicLong();
    private volatile boolean over;

    SteeredProxy() throws InterruptedException {
        thread = new Thread(this::run, "steered");
        thread.setDaemon(true);
        thread.start();
        fixture.store.onChange(() ->
                loop.execute(() -> open.forEach((channel, info) -> faults.reconsider(channel, info, "in", ECHO))));
        listener = new ServerBootstrap()
                .group(loop)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accepted(channel);
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sync()
                .channel();
    }

    private void run() {
        loop.setOwningThread(Thread.currentThread());
        while (!over) {
            loop.run(1_000_000);
        }
        loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        while (!loop.isTerminated()) {
            fixture.ticker.advance(1, TimeUnit.SECONDS); // which the end waits for
            loop.runNow();
        }
    }

    private void accepted(Channel channel) {
        ConnectionInfo info = ConnectionInfo.of(channel);
        open.put(channel, info);
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                int n = ((ByteBuf) message).readableBytes();
                ctx.fireChannelRead(message);
                received.addAndGet(n);
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                ctx.fireUserEventTriggered(event);
                if (event == ChannelInputShutdownEvent.INSTANCE) {
                    ends.incrementAndGet();
                }
            }
        });
        channel.closeFuture().addListener(f -> open.remove(channel));
        if (faults.isIdle()) {
            ECHO.install(channel, info);
        } else {
            faults.admit(channel, info, "in", ECHO, () -> ECHO.install(channel, info));
        }
    }

    void rules(String... lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "r" + i));
        }
        fixture.store.replaceOwn(rules);
    }

    /** Moves the clock; between two tasks of the loop, so that a fault that is counted has its timer. */
    void advance(long millis) {
        loop.submit(() -> fixture.advanceMillis(millis)).syncUninterruptibly();
    }

    Socket client() throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        socket.connect(listener.localAddress());
        return socket;
    }

    /** Waits until a counter stands at a value. */
    void await(String stat, long value) {
        FaultRig.await(() -> fixture.stats.value(stat) == value);
    }

    @Override
    public void close() {
        rules();
        listener.close().syncUninterruptibly();
        FaultRig.await(open::isEmpty);
        over = true;
        FaultRig.await(() -> !thread.isAlive());
        assertThat(fixture.stats.value("mishap.active_connection_faults")).isZero();
    }
}
