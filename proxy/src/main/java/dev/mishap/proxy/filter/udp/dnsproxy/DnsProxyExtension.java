package dev.mishap.proxy.filter.udp.dnsproxy;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.dns.DnsProxyConfig;
import dev.mishap.proxy.filter.common.dns.UdpDnsProxy;
import dev.mishap.proxy.filter.udp.UdpFilterExtension;
import dev.mishap.proxy.filter.udp.UdpFilterFactory;
import dev.mishap.proxy.transport.SocketContext;
import java.util.List;

/** DNS over UDP in front of real resolvers. */
public final class DnsProxyExtension implements UdpFilterExtension {
    public static final List<SupportedFields> FIELDS = DnsProxyConfig.FIELDS;

    @Override
    public String name() {
        return "mishap.filters.udp.dns_proxy";
    }

    @Override
    public String typeUrl() {
        return DnsProxyConfig.MESSAGE;
    }

    @Override
    public UdpFilterFactory parse(ConfigNode config, SocketContext context) {
        DnsProxyConfig parsed = DnsProxyConfig.from(config, context);
        return socket -> new UdpDnsProxy(parsed, socket);
    }
}
