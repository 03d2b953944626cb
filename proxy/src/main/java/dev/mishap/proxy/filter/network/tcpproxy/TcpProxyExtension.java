package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.channel.Channel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The TCP proxy. */
public final class TcpProxyExtension implements NetworkFilterExtension {
    public static final List<SupportedFields> FIELDS = TcpProxyConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.network.tcp_proxy";
    }

    @Override
    public String typeUrl() {
        return TcpProxyConfig.TYPE;
    }

    @Override
    public boolean terminal() {
        return true;
    }

    @Override
    public TerminalFilterFactory parse(ConfigNode node, NetworkFilterContext context) {
        return new Factory(TcpProxyConfig.from(node, context));
    }

    private record Factory(TcpProxyConfig config) implements TerminalFilterFactory {
        @Override
        public void install(Channel channel, ConnectionInfo connection) {
            new TcpProxy(config, channel, connection).start();
        }

        @Override
        public void closedBefore(ConnectionInfo connection) {
            TcpProxy.closedBefore(config, connection);
        }

        @Override
        public @Nullable String cluster() {
            ClusterChoice clusters = config.clusters();
            return clusters.parts().size() == 1 ? clusters.parts().get(0).cluster() : null;
        }

        @Override
        public boolean halfCloses() {
            return true;
        }
    }
}
