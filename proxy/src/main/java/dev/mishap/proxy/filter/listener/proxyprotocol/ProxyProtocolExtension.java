package dev.mishap.proxy.filter.listener.proxyprotocol;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.listener.ListenerFilterExtension;
import dev.mishap.proxy.filter.listener.ListenerFilterFactory;
import dev.mishap.proxy.transport.SocketContext;
import java.util.List;

/** The PROXY protocol, versions 1 and 2. */
public final class ProxyProtocolExtension implements ListenerFilterExtension {
    public static final List<SupportedFields> FIELDS = ProxyProtocolConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.listener.proxy_protocol";
    }

    @Override
    public String typeUrl() {
        return ProxyProtocolConfig.TYPE;
    }

    @Override
    public ListenerFilterFactory parse(ConfigNode node, SocketContext context) {
        ProxyProtocolConfig config = ProxyProtocolConfig.from(node, context);
        return () -> new ProxyProtocol(config);
    }
}
