package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.udp.UdpFilterExtension;
import dev.mishap.proxy.filter.udp.UdpFilterFactory;
import dev.mishap.proxy.filter.udp.dnsfilter.DnsFilterExtension;
import dev.mishap.proxy.filter.udp.dnsproxy.DnsProxyExtension;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.SocketContext;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a listener of datagrams has in the place of filter chains.
 *
 * @param filters in order
 * @param maxDatagram bytes of the longest datagram that is taken; default 1500
 * @param dropped counts longer ones
 */
record UdpConfig(List<UdpFilterFactory> filters, int maxDatagram, Counter dropped) {
    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.listener.v3.UdpListenerConfig").supported("downstream_socket_config"),
            SupportedFields.of("envoy.config.core.v3.UdpSocketConfig")
                    .supported("max_rx_datagram_size")
                    .accepted("prefer_gro", "several datagrams are read with one call in any case"));

    /** The UDP filters that are built in. To add one, add a line. */
    private static final List<UdpFilterExtension> ALL = List.of(new DnsFilterExtension(), new DnsProxyExtension());

    private static final int DEFAULT_DATAGRAM = 1500;

    UdpConfig {
        filters = List.copyOf(filters);
    }

    /** Of a listener whose address is of UDP. */
    static UdpConfig from(ConfigNode listener, SocketContext context, Scope scope) {
        ConfigNode config = listener.message("udp_listener_config");
        ConfigNode socket = config == null ? null : config.message("downstream_socket_config");
        List<UdpFilterFactory> filters = new ArrayList<>();
        for (ConfigNode f : listener.messages("listener_filters")) {
            ConfigNode typed = f.message("typed_config");
            UdpFilterExtension extension = typed == null ? null : byType(typed.messageName());
            if (extension == null || typed == null) {
                throw new ConfigException("Didn't find a registered implementation for '" + f.string("name")
                        + "' with type URL: '" + (typed == null ? "" : typed.messageName()) + "'");
            }
            filters.add(extension.parse(typed, context));
        }
        return new UdpConfig(
                filters,
                (int) (socket == null ? DEFAULT_DATAGRAM : socket.integer("max_rx_datagram_size", DEFAULT_DATAGRAM)),
                scope.counter("udp.downstream_rx_datagram_dropped"));
    }

    private static @Nullable UdpFilterExtension byType(String messageName) {
        for (UdpFilterExtension extension : ALL) {
            if (extension.typeUrl().equals(messageName)) {
                return extension;
            }
        }
        return null;
    }
}
