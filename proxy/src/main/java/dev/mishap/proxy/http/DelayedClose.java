package dev.mishap.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;

/**
 * The end of a downstream connection that has nothing more to say: what was written is to reach the client before the connection closes,
 * but a client that takes nothing of it for {@code HttpConnectionManager.delayed_close_timeout} is not waited for. Made when the end
 * begins. Confined to the connection's loop.
 */
public final class DelayedClose {
    private final ChannelHandlerContext ctx;
    private final long timeoutNanos;
    private final Runnable onTimeout;
    private final DeadlineTimer timer;
    private long unsent;

    /**
     * An end that has not begun.
     *
     * @param timeoutNanos 0 = none
     * @param onTimeout run before the connection closes because of the time-out
     */
    public DelayedClose(ChannelHandlerContext ctx, long timeoutNanos, Runnable onTimeout) {
        this.ctx = ctx;
        this.timeoutNanos = timeoutNanos;
        this.onTimeout = onTimeout;
        this.timer = new DeadlineTimer(ctx.channel().eventLoop(), this::tooSlow);
    }

    /** Closes when all that was written is out. */
    public void whenSent() {
        ChannelFuture sent = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        if (!sent.isDone() && timeoutNanos > 0) {
            arm();
        }
    }

    /**
     * Leaves it to the client to close first, as it will when it has our answer: what it still sends is to be dropped meanwhile, since
     * to close with bytes unread sends a reset that destroys the answer.
     */
    public void linger() {
        arm();
    }

    private void arm() {
        unsent = unsentBytes();
        timer.set(System.nanoTime(), timeoutNanos);
    }

    private void tooSlow() {
        long left = unsentBytes();
        if (left < unsent) { // it reads, if slowly
            unsent = left;
            timer.set(System.nanoTime(), timeoutNanos);
            return;
        }
        onTimeout.run();
        ctx.close();
    }

    /** A number that falls as the client takes bytes. */
    private long unsentBytes() {
        ChannelOutboundBuffer buffer = ctx.channel().unsafe().outboundBuffer();
        if (buffer == null) {
            return 0;
        }
        return buffer.totalPendingWriteBytes()
                + (buffer.current() instanceof ByteBuf first ? first.readableBytes() : 0);
    }

    /** The connection is closed. */
    public void cancel() {
        timer.close();
    }
}
