package dev.mishap.proxy.filter.network.dnsproxy;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.common.dns.DnsProxyConfig;
import dev.mishap.proxy.filter.common.dns.TcpDnsProxy;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;

/** DNS over TCP in front of real resolvers; its configuration is that of the UDP filter. */
public final class TcpDnsProxyExtension implements NetworkFilterExtension {
    @Override
    public String name() {
        return "mishap.filters.network.dns_proxy";
    }

    @Override
    public String typeUrl() {
        return DnsProxyConfig.MESSAGE;
    }

    @Override
    public boolean terminal() {
        return true;
    }

    @Override
    public TerminalFilterFactory parse(ConfigNode config, NetworkFilterContext context) {
        return TcpDnsProxy.factory(DnsProxyConfig.from(config, context));
    }
}
