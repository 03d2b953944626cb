package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import java.util.List;

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
        TcpProxyConfig config = TcpProxyConfig.from(node, context);
        return (channel, connection) -> new TcpProxy(config, channel, connection).start();
    }
}
