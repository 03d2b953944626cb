package dev.mishap.proxy.filter.network.mishap;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import java.util.concurrent.TimeUnit;

/**
 * Ends a connection by a FIN behind what is written, and waits for the peer's: for a second after the FIN, and before it for as long as
 * the peer takes something each second. Who calls it drops what is read meanwhile.
 */
final class FinalClose {
    private static final long LINGER_MILLIS = 1000;

    private final Channel channel;
    private long pending = Long.MAX_VALUE;

    private FinalClose(Channel channel) {
        this.channel = channel;
    }

    /** @param context of the handler in front of which nobody but the socket sees what is written */
    static void by(ChannelHandlerContext context) {
        Channel channel = context.channel();
        if (!channel.isActive()) {
            channel.close();
            return;
        }
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.config().setAutoRead(true);
        context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener((ChannelFutureListener) f -> {
            if (channel instanceof DuplexChannel duplex && duplex.isActive()) {
                duplex.shutdownOutput();
            }
        });
        new FinalClose(channel).watch();
    }

    private void watch() {
        channel.eventLoop().schedule(this::look, LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        long now = buffer == null ? 0 : buffer.totalPendingWriteBytes();
        if (now > 0 && now < pending) {
            pending = now;
            watch();
        } else {
            channel.close();
        }
    }
}
