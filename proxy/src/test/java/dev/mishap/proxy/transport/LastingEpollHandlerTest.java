package dev.mishap.proxy.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LastingEpollHandlerTest {
    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, LastingEpollHandler.newFactory());
    private final List<Throwable> errors = new ArrayList<>();
    private final List<EpollSocketChannel> old = new ArrayList<>();
    private boolean sameDescriptor;

    /** The first of two connections that hear of something closes the other, and opens one that gets its descriptor. */
    @Test
    void aNewChannelHearsNothingOfTheOneWhoseDescriptorItHas() throws Exception {
        assumeTrue(Epoll.isAvailable(), "epoll");
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            for (int i = 0; i < 50 && !sameDescriptor; i++) { // other threads open files, too
                once(server);
            }
        } finally {
            group.shutdownGracefully();
        }
        assertThat(sameDescriptor).isTrue();
        assertThat(errors).isEmpty();
    }

    private void once(ServerSocket server) throws Exception {
        old.clear();
        try (Socket one = connect(server);
                Socket other = connect(server)) {
            CountDownLatch sent = new CountDownLatch(1);
            group.execute(() -> {
                try {
                    sent.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            one.getOutputStream().write(1);
            other.getOutputStream().write(1);
            sent.countDown();
            for (Channel each : List.copyOf(old)) {
                each.closeFuture().sync();
            }
            group.submit(() -> {}).sync();
        }
    }

    private Socket connect(ServerSocket server) throws Exception {
        Channel channel = new Bootstrap()
                .group(group)
                .channel(EpollSocketChannel.class)
                .handler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object message) {
                        ReferenceCountUtil.release(message);
                        replace(ctx.channel());
                    }
                })
                .connect(server.getLocalSocketAddress())
                .sync()
                .channel();
        old.add((EpollSocketChannel) channel);
        return server.accept();
    }

    private void replace(Channel first) {
        EpollSocketChannel other = old.get(first == old.get(0) ? 1 : 0);
        if (!other.isOpen()) {
            return;
        }
        int descriptor = other.fd().intValue();
        other.close();
        EpollSocketChannel fresh = new EpollSocketChannel();
        sameDescriptor = fresh.fd().intValue() == descriptor;
        fresh.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                errors.add(cause);
            }
        });
        group.register(fresh);
        group.execute(() -> {
            fresh.close();
            first.close();
        });
    }
}
