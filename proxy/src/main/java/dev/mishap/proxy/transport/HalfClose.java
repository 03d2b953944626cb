package dev.mishap.proxy.transport;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.socket.DuplexChannel;

/** The end of one direction of a connection, while the other goes on. */
public final class HalfClose {
    /** A transport that has words of its own for the end of what is sent. */
    public interface Transport extends ChannelHandler {
        /** Says so after all that is written; the future completes when it is said. */
        ChannelFuture endOutput();
    }

    private HalfClose() {}

    /** Sends what is written and then that nothing follows; the peer may still send. */
    public static void end(Channel channel) {
        Transport transport = channel.pipeline().get(Transport.class);
        ChannelFuture last = transport == null ? channel.writeAndFlush(Unpooled.EMPTY_BUFFER) : transport.endOutput();
        last.addListener((ChannelFutureListener) f -> {
            if (f.channel() instanceof DuplexChannel duplex && duplex.isActive()) {
                duplex.shutdownOutput();
            }
        });
    }
}
