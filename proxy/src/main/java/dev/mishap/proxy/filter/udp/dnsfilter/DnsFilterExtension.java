package dev.mishap.proxy.filter.udp.dnsfilter;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.udp.UdpFilterExtension;
import dev.mishap.proxy.filter.udp.UdpFilterFactory;
import dev.mishap.proxy.transport.SocketContext;
import java.util.List;

/** Envoy's DNS filter. */
public final class DnsFilterExtension implements UdpFilterExtension {
    public static final List<SupportedFields> FIELDS = DnsFilterConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.udp.dns_filter";
    }

    @Override
    public String typeUrl() {
        return DnsFilterConfig.MESSAGE;
    }

    @Override
    public UdpFilterFactory parse(ConfigNode config, SocketContext context) {
        DnsFilterConfig parsed = DnsFilterConfig.from(config, context);
        return socket -> new DnsFilter(parsed, socket);
    }
}
