package dev.mishap.proxy.filter.network.mishap;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Stands where a connection's filters will be while they wait, and keeps what is read: bytes that listener filters have looked at
 * come even though the socket is not read.
 */
final class HeldReads extends ChannelInboundHandlerAdapter {
    private final ArrayDeque<Object> held = new ArrayDeque<>(2);
    private @Nullable ChannelHandlerContext context;

    /** Puts a handler at the end of the pipeline. */
    static HeldReads on(Channel channel) {
        HeldReads handler = new HeldReads();
        channel.pipeline().addLast(handler);
        return handler;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        held.add(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        // Told with what is held.
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE) {
            held.add(event);
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        drop();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        drop();
        ctx.fireChannelInactive();
    }

    /** Goes, and what was held with it. */
    void discard() {
        ChannelHandlerContext ctx = context;
        if (ctx != null && !ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    private void drop() {
        Object message;
        while ((message = held.poll()) != null) {
            ReferenceCountUtil.release(message);
        }
    }

    /** Starts the filters, which come behind this handler, gives them what was held, and goes. */
    void release(Runnable startFilters) {
        ChannelHandlerContext ctx = context;
        assert ctx != null;
        startFilters.run();
        boolean any = false;
        Object message;
        while ((message = held.poll()) != null) {
            if (message == ChannelInputShutdownEvent.INSTANCE) {
                ctx.fireUserEventTriggered(message);
            } else {
                ctx.fireChannelRead(message);
                any = true;
            }
        }
        if (any) {
            ctx.fireChannelReadComplete();
        }
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }
}
