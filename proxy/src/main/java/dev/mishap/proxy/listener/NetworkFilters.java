package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.istio.IstioNetworkFilter;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.NetworkFilterFactory;
import dev.mishap.proxy.filter.network.connectionlimit.ConnectionLimitExtension;
import dev.mishap.proxy.filter.network.directresponse.DirectResponseExtension;
import dev.mishap.proxy.filter.network.dnsproxy.TcpDnsProxyExtension;
import dev.mishap.proxy.filter.network.echo.EchoExtension;
import dev.mishap.proxy.filter.network.hcm.HttpConnectionManagerExtension;
import dev.mishap.proxy.filter.network.localratelimit.NetworkLocalRateLimitExtension;
import dev.mishap.proxy.filter.network.mishap.NetworkFaultExtension;
import dev.mishap.proxy.filter.network.rbac.NetworkRbacExtension;
import dev.mishap.proxy.filter.network.setfilterstate.NetworkSetFilterStateExtension;
import dev.mishap.proxy.filter.network.snicluster.SniClusterExtension;
import dev.mishap.proxy.filter.network.tcpproxy.TcpProxyExtension;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The network filters that are built in. To add one, add a line to {@link #ALL}. */
final class NetworkFilters {
    private static final List<NetworkFilterExtension> ALL = List.of(
            new HttpConnectionManagerExtension(),
            new TcpProxyExtension(),
            new NetworkRbacExtension(),
            new NetworkLocalRateLimitExtension(),
            new DirectResponseExtension(),
            new EchoExtension(),
            new ConnectionLimitExtension(),
            new SniClusterExtension(),
            new NetworkSetFilterStateExtension(),
            new NetworkFaultExtension(),
            new TcpDnsProxyExtension(),
            IstioNetworkFilter.ALL.get(0),
            IstioNetworkFilter.ALL.get(1));

    private NetworkFilters() {}

    /** The filter whose configuration is the message {@code messageName}, or null. */
    static @Nullable NetworkFilterExtension byType(String messageName) {
        for (NetworkFilterExtension extension : ALL) {
            if (extension.typeUrl().equals(messageName)) {
                return extension;
            }
        }
        return null;
    }

    /** The filters of a chain; only the last of them is terminal. */
    static List<NetworkFilterFactory> of(ConfigNode chain, NetworkFilterContext context) {
        List<NetworkFilterFactory> filters = new ArrayList<>();
        List<ConfigNode> nodes = chain.messages("filters");
        for (int i = 0; i < nodes.size(); i++) {
            ConfigNode f = nodes.get(i);
            boolean last = i == nodes.size() - 1;
            ConfigNode discovery = f.message("config_discovery");
            if (discovery != null) {
                filters.add(DiscoveredNetworkFilter.of(f.string("name"), discovery, last, context));
                continue;
            }
            ConfigNode config = f.message("typed_config");
            String type = config == null ? "" : config.messageName();
            NetworkFilterExtension extension = byType(type);
            if (extension == null || config == null) {
                throw unregistered(f.string("name"), type);
            }
            requirePlace(f.string("name"), extension, last);
            filters.add(extension.parse(f.string("name"), config, context));
        }
        return filters;
    }

    static ConfigException unregistered(String name, String type) {
        return new ConfigException(
                "Didn't find a registered implementation for '" + name + "' with type URL: '" + type + "'");
    }

    /** The last filter ends the chain, and no other one does. */
    static void requirePlace(String name, NetworkFilterExtension extension, boolean last) {
        if (extension.terminal() != last) {
            throw new ConfigException("Error: " + (last ? "non-terminal" : "terminal") + " filter named " + name
                    + " of type " + extension.name()
                    + (last
                            ? " is the last filter in a network filter chain."
                            : " must be the last filter in a network filter chain."));
        }
    }
}
