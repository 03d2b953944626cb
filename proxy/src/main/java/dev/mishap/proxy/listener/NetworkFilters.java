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
import dev.mishap.proxy.filter.network.rbac.NetworkRbacExtension;
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
            ConfigNode config = f.message("typed_config");
            String type = config == null ? "" : config.messageName();
            NetworkFilterExtension extension = byType(type);
            if (extension == null || config == null) {
                throw new ConfigException("Didn't find a registered implementation for '" + f.string("name")
                        + "' with type URL: '" + type + "'");
            }
            boolean last = i == nodes.size() - 1;
            if (extension.terminal() != last) {
                throw new ConfigException("Error: " + (last ? "non-terminal" : "terminal") + " filter named "
                        + f.string("name") + " of type " + extension.name()
                        + (last
                                ? " is the last filter in a network filter chain."
                                : " must be the last filter in a network filter chain."));
            }
            filters.add(extension.parse(config, context));
        }
        return filters;
    }
}
