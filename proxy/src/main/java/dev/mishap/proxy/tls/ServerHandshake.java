package dev.mishap.proxy.tls;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** Holds the first bytes of a connection until the client's hello is there, by which the certificate is chosen. */
final class ServerHandshake extends ChannelInboundHandlerAdapter {
    private final BiPredicate<ChannelHandlerContext, ClientHello> choose;
    private @Nullable ByteBuf held;
    private boolean refused;

    /** @param choose puts the handlers of TLS into the pipeline behind this one; or closes the connection and says no */
    ServerHandshake(BiPredicate<ChannelHandlerContext, ClientHello> choose) {
        this.choose = choose;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (refused) {
            in.release();
            return;
        }
        ByteBuf all = held;
        if (all == null) {
            all = in;
        } else {
            all.writeBytes(in);
            in.release();
        }
        ClientHello hello;
        try {
            hello = ClientHello.parse(all);
        } catch (RuntimeException e) {
            hello = ClientHello.NONE;
        }
        if (hello == null) {
            if (held == null) {
                // The buffer that was read into has no room to grow.
                held = ctx.alloc()
                        .buffer(Math.max(512, all.readableBytes() * 2))
                        .writeBytes(all);
                all.release();
            }
            return;
        }
        held = null;
        if (!choose.test(ctx, hello)) {
            refused = true;
            all.release();
            return;
        }
        ctx.fireChannelRead(all);
        ctx.pipeline().remove(this);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        ByteBuf h = held;
        if (h != null) {
            held = null;
            h.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.fireChannelReadComplete();
        if (held != null && !ctx.channel().config().isAutoRead()) {
            ctx.read();
        }
    }
}
