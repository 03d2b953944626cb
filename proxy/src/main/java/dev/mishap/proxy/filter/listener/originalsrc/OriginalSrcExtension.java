package dev.mishap.proxy.filter.listener.originalsrc;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.listener.ListenerFilter;
import dev.mishap.proxy.filter.listener.ListenerFilterExtension;
import dev.mishap.proxy.filter.listener.ListenerFilterFactory;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.OriginalSource;
import dev.mishap.proxy.transport.SocketContext;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * {@code envoy.filters.listener.original_src}: connections upstream come from the client's address, or from the one that a PROXY
 * header told. It takes CAP_NET_ADMIN, routes that bring the answers back here, and epoll.
 */
public final class OriginalSrcExtension implements ListenerFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.listener.original_src.v3.OriginalSrc";

    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(TYPE).supported("bind_port", "mark"));

    @Override
    public String name() {
        return "envoy.filters.listener.original_src";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public ListenerFilterFactory parse(ConfigNode config, SocketContext context) {
        ListenerFilter filter = filter(config);
        return () -> filter;
    }

    static ListenerFilter filter(ConfigNode config) {
        return new OriginalSrc(config.bool("bind_port", false), (int) config.integer("mark", 0));
    }

    /** Without state. */
    private record OriginalSrc(boolean port, int mark) implements ListenerFilter {
        @Override
        public Status onAccept(Channel channel, ConnectionInfo connection) {
            InetSocketAddress client = connection.remoteAddress;
            if (client != null) {
                connection.upstreamSource = new OriginalSource(client.getAddress(), port ? client.getPort() : 0, mark);
            }
            return Status.CONTINUE;
        }
    }
}
