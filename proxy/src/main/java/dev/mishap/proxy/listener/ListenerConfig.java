package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.NetworkFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/**
 * A listener as it is configured.
 *
 * @param name its name, or its address when it has none
 * @param address where it listens; port 0 = any free one
 * @param scope stats {@code listener.<address>.}, or with {@code stat_prefix} in the address's place
 * @param reusePort whether each worker has a socket of its own ({@code enable_reuse_port}, default true)
 * @param backlog {@code tcp_backlog_size}, 0 = the system's
 * @param bufferLimit bytes a connection may buffer before its source waits; default 1 MiB
 * @param filters network filters of the one filter chain, in order
 */
public record ListenerConfig(
        String name,
        InetSocketAddress address,
        Scope scope,
        boolean reusePort,
        int backlog,
        int bufferLimit,
        List<NetworkFilterFactory> filters) {
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.listener.v3.Listener")
                    .supported(
                            "name",
                            "address",
                            "filter_chains",
                            "default_filter_chain",
                            "per_connection_buffer_limit_bytes",
                            "enable_reuse_port",
                            "stat_prefix",
                            "tcp_backlog_size")
                    .supported("traffic_direction")
                    .accepted("listener_filters_timeout", "there are no listener filters to wait for")
                    .accepted("metadata", "no operator or filter reads it"),
            SupportedFields.of("envoy.config.listener.v3.FilterChain")
                    .supported("filters", "name", "filter_chain_match"),
            SupportedFields.of("envoy.config.listener.v3.FilterChainMatch"),
            SupportedFields.of("envoy.config.listener.v3.Filter").supported("name", "typed_config"));

    private static final int DEFAULT_BUFFER_LIMIT = 1024 * 1024;

    public ListenerConfig {
        filters = List.copyOf(filters);
    }

    /**
     * Reads {@code envoy.config.listener.v3.Listener}.
     *
     * @param root scope without prefix
     * @param contexts makes the filters' context of a listener
     * @throws ConfigException when it can't be accepted
     */
    public static ListenerConfig from(
            ConfigNode node, Scope root, BiFunction<Listening, ConfigNode, NetworkFilterContext> contexts) {
        String name = node.string("name");
        try {
            return parse(node, name, root, contexts);
        } catch (AddressException e) {
            throw new ConfigException("error adding listener named '" + name + "': " + e.getMessage());
        }
    }

    /** What a listener's filters are told of it. */
    public record Listening(String name, Scope scope, int bufferLimit) {}

    private static final class AddressException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        AddressException(String message) {
            super(message, null, false, false);
        }
    }

    private static ListenerConfig parse(
            ConfigNode node,
            String name,
            Scope root,
            BiFunction<Listening, ConfigNode, NetworkFilterContext> contexts) {
        InetSocketAddress address = address(node);
        String prefix = node.string("stat_prefix");
        String label = prefix.isEmpty() ? statName(address) : prefix;
        Scope scope = root.scope("listener." + label + ".");
        int limit = (int) Math.min(
                node.integer("per_connection_buffer_limit_bytes", DEFAULT_BUFFER_LIMIT), Integer.MAX_VALUE / 2);
        ConfigNode chain = chain(node);
        String shown = name.isEmpty() ? address.getAddress().getHostAddress() + ":" + address.getPort() : name;
        NetworkFilterContext context = contexts.apply(new Listening(shown, scope, limit), node);
        return new ListenerConfig(
                shown,
                address,
                scope,
                node.bool("enable_reuse_port", true),
                (int) node.integer("tcp_backlog_size", 0),
                limit == 0 ? DEFAULT_BUFFER_LIMIT : limit,
                filters(chain, context));
    }

    private static ConfigNode chain(ConfigNode node) {
        List<ConfigNode> chains = node.messages("filter_chains");
        ConfigNode byDefault = node.message("default_filter_chain");
        if (chains.isEmpty() && byDefault == null) {
            throw new AddressException("no filter chains specified");
        }
        if (chains.size() + (byDefault == null ? 0 : 1) > 1) {
            throw node.error("filter_chains", "more than one filter chain is not supported");
        }
        return byDefault == null ? chains.get(0) : byDefault;
    }

    private static InetSocketAddress address(ConfigNode node) {
        ConfigNode address = node.message("address");
        if (address == null) {
            throw new AddressException("address is necessary");
        }
        if (address.message("pipe") != null) {
            throw address.error("pipe", "is not supported for a listener");
        }
        ConfigNode socket = address.required("socket_address");
        if (!socket.enumName("protocol").equals("TCP")) {
            throw socket.error("protocol", socket.enumName("protocol") + " is not supported");
        }
        String host = socket.string("address");
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(host);
        if (bytes == null) {
            throw new AddressException("malformed IP address: " + host
                    + ". Consider setting resolver_name or setting cluster" + " type to 'STRICT_DNS' or 'LOGICAL_DNS'");
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(bytes), (int) socket.integer("port_value", 0));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String statName(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        String shown = address.getAddress().getAddress().length == 16
                ? "[" + NetUtil.toAddressString(address.getAddress()) + "]"
                : host;
        return shown.replace(':', '_') + "_" + address.getPort();
    }

    private static List<NetworkFilterFactory> filters(ConfigNode chain, NetworkFilterContext context) {
        List<NetworkFilterFactory> filters = new ArrayList<>();
        List<ConfigNode> nodes = chain.messages("filters");
        for (int i = 0; i < nodes.size(); i++) {
            ConfigNode f = nodes.get(i);
            ConfigNode config = f.message("typed_config");
            String type = config == null ? "" : config.messageName();
            NetworkFilterExtension extension = NetworkFilters.byType(type);
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
