package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.listener.ListenerFilterFactory;
import dev.mishap.proxy.filter.listener.originaldst.OriginalDstExtension;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.AccessLogs;
import dev.mishap.proxy.observe.log.LogFiles;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.overload.OverloadState;
import dev.mishap.proxy.transport.internal.InternalListeners;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A listener as it is configured.
 *
 * @param name its name, or its address when it has none
 * @param address where it listens first, which its name in stats is made of; port 0 = any free one
 * @param scope stats {@code listener.<address>.}, or with {@code stat_prefix} in the address's place
 * @param sockets its sockets
 * @param bufferLimit bytes a connection may buffer before its source waits; default 1 MiB
 * @param filters listener filters, in order
 * @param filtersTimeoutNanos how long the listener filters may wait for bytes; default 15 s, 0 = for ever
 * @param continueOnTimeout whether a connection goes on when that time is over, instead of being closed
 * @param useOriginalDst whether a connection that was redirected here goes to the listener at the address it was for
 * @param limits how many connections it may have
 * @param overload what the overload manager asks of it
 * @param log told of each connection at its end
 * @param chains its filter chains
 * @param metadata {@code filter_metadata} by namespace; null when there is none
 * @param udp what it does with datagrams; null when it is of TCP
 */
public record ListenerConfig(
        String name,
        SocketAddress address,
        Scope scope,
        SocketConfig sockets,
        int bufferLimit,
        List<ListenerFilterFactory> filters,
        long filtersTimeoutNanos,
        boolean continueOnTimeout,
        boolean useOriginalDst,
        ConnectionLimits limits,
        OverloadState overload,
        AccessLog log,
        FilterChains chains,
        @Nullable Map<String, Map<String, Object>> metadata,
        @Nullable UdpConfig udp) {
    public static final List<SupportedFields> FIELDS = fields();

    private static final List<String> OF_SOCKETS = List.of(
            "connection_balance_config",
            "enable_mptcp",
            "enable_reuse_port",
            "freebind",
            "tcp_backlog_size",
            "tcp_fast_open_queue_length",
            "transparent");

    private static final int DEFAULT_BUFFER_LIMIT = 1024 * 1024;
    private static final long DEFAULT_FILTERS_TIMEOUT = 15_000_000_000L;

    private static List<SupportedFields> fields() {
        List<SupportedFields> fields = new ArrayList<>(List.of(
                SupportedFields.of("envoy.config.listener.v3.Listener")
                        .supported(
                                "name",
                                "address",
                                "filter_chains",
                                "default_filter_chain",
                                "listener_filters",
                                "listener_filters_timeout",
                                "continue_on_listener_filters_timeout",
                                "per_connection_buffer_limit_bytes",
                                "enable_reuse_port",
                                "stat_prefix",
                                "tcp_backlog_size",
                                "additional_addresses",
                                "use_original_dst",
                                "bind_to_port",
                                "deprecated_v1",
                                "transparent",
                                "freebind",
                                "socket_options",
                                "tcp_fast_open_queue_length",
                                "connection_balance_config",
                                "max_connections_to_accept_per_socket_event",
                                "ignore_global_conn_limit",
                                "bypass_overload_manager",
                                "access_log",
                                "metadata",
                                "udp_listener_config",
                                "internal_listener",
                                "filter_chain_matcher")
                        .supported("traffic_direction", "drain_type")
                        .refused("enable_mptcp", "Netty opens no sockets of MPTCP"),
                SupportedFields.of("envoy.config.listener.v3.ListenerFilter")
                        .supported("name", "typed_config", "filter_disabled"),
                SupportedFields.of("envoy.config.listener.v3.Listener.InternalListenerConfig"),
                SupportedFields.of("envoy.config.listener.v3.FilterChain")
                        .supported(
                                "filters",
                                "name",
                                "filter_chain_match",
                                "metadata",
                                "transport_socket",
                                "transport_socket_connect_timeout"),
                SupportedFields.of("envoy.config.listener.v3.Filter")
                        .supported("name", "typed_config", "config_discovery")));
        fields.addAll(FilterDisabled.FIELDS);
        fields.addAll(SocketConfig.FIELDS);
        fields.addAll(UdpConfig.FIELDS);
        fields.addAll(FilterChainMatch.FIELDS);
        fields.addAll(FilterChainMatcher.FIELDS);
        fields.addAll(TransportSockets.FIELDS);
        return List.copyOf(fields);
    }

    /** What of a listener is of sockets, which one within the process has not. */
    private static void checkInternal(ConfigNode node, InternalListeners known) {
        if (!node.has("internal_listener")) {
            return;
        }
        String name = node.string("name");
        if (node.has("address") || node.has("additional_addresses")) {
            throw new ConfigException("error adding listener '" + name
                    + "': address should not be used when an internal listener config is provided");
        }
        if (!known.enabled()) {
            throw new ListenerException("InternalListener bootstrap extension is mandatory");
        }
        for (String field : OF_SOCKETS) {
            if (node.has(field)) {
                throw new ListenerException("has unsupported tcp listener feature");
            }
        }
        if (node.has("socket_options")) {
            throw new ConfigException("error adding listener named '" + name + "': does not support socket option");
        }
    }

    public ListenerConfig {
        filters = List.copyOf(filters);
    }

    /**
     * What a listener's filters are told of it.
     *
     * @param scopeName {@code listener.<address>.}
     */
    public record Listening(String name, String scopeName, int bufferLimit) {}

    /** Makes the context of filters. */
    public interface Contexts {
        /** That of listener filters. */
        NetworkFilterContext ofListener(Listening listening, ConfigNode listener);

        /** What a new filter chain has of its own. */
        ChainLife newChain();

        /** The internal listeners of the process. */
        InternalListeners internal();

        /** That of the filters of a chain. */
        NetworkFilterContext ofChain(Listening listening, ConfigNode listener, ChainLife chain);
    }

    /**
     * Reads {@code envoy.config.listener.v3.Listener}.
     *
     * @param root scope without prefix
     * @param before what it is an update of, or null: filter chains whose configuration did not change are taken from there, with
     *     what they have counted and limited so far
     * @throws ConfigException when it can't be accepted
     */
    public static ListenerConfig from(ConfigNode node, Scope root, Contexts contexts, @Nullable ListenerConfig before) {
        String name = node.string("name");
        SocketConfig sockets;
        try {
            checkInternal(node, contexts.internal());
            sockets = SocketConfig.from(node);
        } catch (ListenerException e) {
            throw new ConfigException("error adding listener named '" + name + "': " + e.getMessage());
        }
        SocketAddress address = sockets.addresses().get(0).address();
        if (!sockets.udp()
                && node.messages("filter_chains").isEmpty()
                && node.message("default_filter_chain") == null) {
            throw new ConfigException(
                    "error adding listener '" + ListenerAddress.text(address) + "': no filter chains specified");
        }
        String prefix = node.string("stat_prefix");
        String scopeName = "listener." + (prefix.isEmpty() ? ListenerAddress.statName(address) : prefix) + ".";
        Scope scope = root.scope(scopeName);
        int limit = (int) Math.min(
                node.integer("per_connection_buffer_limit_bytes", DEFAULT_BUFFER_LIMIT), Integer.MAX_VALUE / 2);
        String shown = name.isEmpty() ? ListenerAddress.text(address) : name;
        Listening listening = new Listening(shown, scopeName, limit);
        NetworkFilterContext context = contexts.ofListener(listening, node);
        FilterChains chains;
        try {
            int unused = node.messages("filter_chains").size();
            if (sockets.udp() && unused > 0) {
                throw new ListenerException(unused + " filter chain(s) specified for connection-less UDP listener.");
            }
            chains = FilterChainReader.read(
                    node,
                    contexts::newChain,
                    life -> contexts.ofChain(listening, node, life),
                    before == null ? null : before.chains);
        } catch (ListenerException e) {
            throw new ConfigException(
                    "error adding listener '" + ListenerAddress.text(address) + "': " + e.getMessage());
        }
        UdpConfig udp = sockets.udp() ? UdpConfig.from(node, context, scope) : null;
        List<ListenerFilterFactory> filters =
                new ArrayList<>(udp == null ? ListenerFilters.of(node, context) : List.of());
        boolean useOriginalDst = udp == null && node.bool("use_original_dst", false);
        if (useOriginalDst && !ListenerFilters.asksOriginalDst(node)) {
            filters.add(OriginalDstExtension.factory());
        }
        List<ConfigNode> logs = node.messages("access_log");
        return new ListenerConfig(
                shown,
                address,
                scope,
                sockets,
                limit == 0 ? DEFAULT_BUFFER_LIMIT : limit,
                filters,
                node.durationNanos("listener_filters_timeout", DEFAULT_FILTERS_TIMEOUT),
                node.bool("continue_on_listener_filters_timeout", false),
                useOriginalDst,
                ConnectionLimits.of(
                        shown,
                        node.bool("ignore_global_conn_limit", false),
                        context.runtime(),
                        context.service(OverloadState.class)),
                node.bool("bypass_overload_manager", false)
                        ? new OverloadState()
                        : context.service(OverloadState.class),
                logs.isEmpty()
                        ? AccessLog.NONE
                        : AccessLogs.from(logs, context.service(LogFiles.class), context.runtime()),
                chains,
                FilterChainReader.metadata(node),
                udp);
    }
}
