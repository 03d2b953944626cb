package dev.mishap.proxy.transport.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.transport.HalfClose;
import dev.mishap.proxy.transport.InternalAddress;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InternalChannelTest {
    private static final int BUFFER = 1000;

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private final InternalListeners listeners = new InternalListeners(BUFFER);
    private final Recorder client = new Recorder();
    private final Recorder server = new Recorder();
    private @Nullable Channel accepted;

    /** What an end is told, in order. */
    private static final class Recorder extends ChannelInboundHandlerAdapter {
        final List<String> events = new ArrayList<>();
        int bytes;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf data = (ByteBuf) message;
            bytes += data.readableBytes();
            if (data.readableBytes() < 20) {
                events.add(data.toString(StandardCharsets.US_ASCII));
            }
            data.release();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                events.add("end");
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            events.add(String.valueOf(cause.getMessage()));
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            events.add("inactive");
        }
    }

    @BeforeEach
    void serve() {
        listeners.serve((name, at) -> !name.equals("known") || at != loop
                ? null
                : channel -> {
                    accepted = channel;
                    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                    channel.pipeline().addLast(server);
                });
    }

    @AfterEach
    void end() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private Channel connect(String to) {
        return new Bootstrap()
                .group(loop)
                .channelFactory(() -> new InternalChannel(listeners))
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .handler(client)
                .connect(new InternalAddress(to, "e1"))
                .awaitUninterruptibly()
                .channel();
    }

    private Channel accepted() {
        Channel channel = accepted;
        assert channel != null;
        return channel;
    }

    /** Runs something on the loop, and what it leads to there. */
    private <T> T onLoop(Callable<T> action) throws Exception {
        T result = loop.submit(action).get();
        for (int i = 0; i < 10; i++) {
            loop.submit(() -> {}).get();
        }
        return result;
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    @Test
    void bytes_pass_and_each_direction_ends_by_itself() throws Exception {
        Channel channel = connect("known");
        assertThat(channel.remoteAddress()).hasToString("envoy://known/e1");
        assertThat(accepted().localAddress()).hasToString("envoy://known/e1");
        assertThat(accepted().remoteAddress()).isEqualTo(channel.localAddress()).isEqualTo(InternalAddress.CLIENT);
        onLoop(() -> {
            channel.writeAndFlush(text("hello"));
            HalfClose.end(channel);
            return null;
        });
        assertThat(server.events).containsExactly("hello", "end");
        onLoop(() -> accepted().writeAndFlush(text("bye")));
        onLoop(() -> accepted().close());
        assertThat(client.events).containsExactly("bye", "end");
        onLoop(channel::close);
        assertThat(client.events).containsExactly("bye", "end", "inactive");
        assertThat(server.events).containsExactly("hello", "end", "inactive");
    }

    @Test
    void a_writer_waits_for_its_reader() throws Exception {
        Channel channel = connect("known");
        onLoop(() -> accepted().config().setAutoRead(false));
        onLoop(() -> channel.writeAndFlush(text("first")));
        assertThat(server.bytes).isZero(); // what was asked for before is not read any more
        onLoop(() -> accepted().read());
        assertThat(server.bytes).isEqualTo(5);
        int written = 10 * BUFFER;
        onLoop(() -> {
            for (int i = 0; i < 10; i++) {
                channel.write(Unpooled.wrappedBuffer(new byte[BUFFER]));
            }
            channel.flush();
            return null;
        });
        assertThat(server.bytes).isLessThanOrEqualTo(5 + BUFFER);
        long waiting = onLoop(() -> channel.unsafe().outboundBuffer().totalPendingWriteBytes());
        assertThat(waiting).isGreaterThan(written - 3L * BUFFER);
        onLoop(() -> accepted().config().setAutoRead(true));
        for (int i = 0; i < 100 && server.bytes < written + 5; i++) {
            onLoop(() -> null);
        }
        assertThat(server.bytes).isEqualTo(written + 5);
    }

    @Test
    void a_reset_is_told_as_one() throws Exception {
        Channel channel = connect("known");
        onLoop(() -> {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            return channel.close();
        });
        assertThat(server.events).containsExactly("Connection reset by peer", "inactive");
    }

    @Test
    void who_writes_to_one_that_is_gone_is_reset() throws Exception {
        Channel channel = connect("known");
        onLoop(() -> accepted().close());
        assertThat(client.events).containsExactly("end");
        onLoop(() -> channel.writeAndFlush(text("late")));
        assertThat(client.events).containsExactly("end", "Connection reset by peer", "inactive");
    }

    @Test
    void nobody_is_there() {
        Channel channel = connect("unknown");
        assertThat(channel.isActive()).isFalse();
        assertThat(client.events).isEmpty();
    }
}
