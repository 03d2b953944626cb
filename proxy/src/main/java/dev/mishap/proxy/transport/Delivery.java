package dev.mishap.proxy.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollTcpInfo;
import java.util.concurrent.TimeUnit;

/**
 * Waits until the peer's system has what was written. A reset throws away what the kernel has not sent or not seen acknowledged, so
 * that who wants the bytes before it to arrive has to wait for that.
 */
public final class Delivery {
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private Delivery() {}

    /**
     * Runs {@code action} on the channel's loop when all that was flushed is delivered: now if it is, after a second at the latest,
     * and not at all if the channel is closed before. Only epoll tells what is acknowledged; elsewhere it is enough that it is sent.
     */
    public static void then(Channel channel, Runnable action) {
        then(channel, action, System.nanoTime());
    }

    private static void then(Channel channel, Runnable action, long since) {
        if (!channel.isOpen()) {
            return;
        }
        if (isDelivered(channel) || System.nanoTime() - since > LIMIT_NANOS) {
            action.run();
        } else {
            channel.eventLoop().schedule(() -> then(channel, action, since), 1, TimeUnit.MILLISECONDS);
        }
    }

    private static boolean isDelivered(Channel channel) {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        if (buffer != null && buffer.totalPendingWriteBytes() > 0) {
            return false;
        }
        if (channel instanceof EpollSocketChannel socket) {
            EpollTcpInfo info = new EpollTcpInfo();
            try {
                return socket.tcpInfo(info).unacked() == 0;
            } catch (RuntimeException e) {
                return true; // the socket is gone
            }
        }
        return true;
    }
}
