package dev.mishap.proxy.filter.network.echo;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.List;

/** Sends back what it gets. */
public final class EchoExtension implements NetworkFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.network.echo.v3.Echo";

    public static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(TYPE));

    @Override
    public String name() {
        return "envoy.filters.network.echo";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public boolean terminal() {
        return true;
    }

    @Override
    public TerminalFilterFactory parse(ConfigNode config, NetworkFilterContext context) {
        return (channel, connection) -> channel.pipeline().addLast(new Echo());
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.write(message, ctx.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            ctx.channel().config().setAutoRead(ctx.channel().isWritable());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
