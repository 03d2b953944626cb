package dev.mishap.proxy.filter.network.directresponse;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import java.util.List;

/** Answers every connection with the same bytes and closes it. */
public final class DirectResponseExtension implements NetworkFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.network.direct_response.v3.Config";

    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(TYPE).supported("response"));

    @Override
    public String name() {
        return "envoy.filters.network.direct_response";
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
        ConfigNode source = config.message("response");
        byte[] response = source == null ? new byte[0] : DataSource.bytes(source);
        return (channel, connection) -> {
            connection.localCloseReason = "direct_response";
            channel.config().setAutoRead(false);
            channel.writeAndFlush(Unpooled.wrappedBuffer(response)).addListener(ChannelFutureListener.CLOSE);
        };
    }
}
