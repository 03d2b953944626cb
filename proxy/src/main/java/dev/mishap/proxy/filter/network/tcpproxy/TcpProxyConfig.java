package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.tcpproxy.ClusterChoice.Part;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.AccessLogs;
import dev.mishap.proxy.observe.log.LogFiles;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateValue;
import dev.mishap.proxy.transport.Jitter;
import dev.mishap.proxy.transport.ProxyTlv;
import dev.mishap.proxy.transport.proxyprotocol.ProxyProtocolTransport;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * {@code envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy}. Immutable.
 *
 * @param idleTimeoutNanos without bytes in either direction; default 1 h, 0 = none
 * @param maxDurationNanos of a downstream connection; 0 = none
 * @param maxDurationJitterPercent by how much of it one connection may last longer than another
 * @param maxConnectAttempts how often a connect is tried, with another pick each time; default 1
 * @param backOffNanos wait before the second try, doubled for each further one up to {@code maxBackOffNanos}; 0 = none
 * @param tlvs what a PROXY header to an upstream tells, when the downstream connection had no such header
 * @param tunneling how the bytes go through a request to a proxy; null when they go as they are
 * @param onDemand where clusters come from that are not there yet; null = nowhere
 * @param logIntervalNanos how often a line is written while the connection lives; 0 = never
 */
record TcpProxyConfig(
        ClusterChoice clusters,
        Hash hash,
        TcpProxyStats stats,
        long idleTimeoutNanos,
        long maxDurationNanos,
        double maxDurationJitterPercent,
        long maxConnectAttempts,
        long backOffNanos,
        long maxBackOffNanos,
        AccessLog log,
        boolean logOnConnected,
        boolean logOnStart,
        long logIntervalNanos,
        ClusterManager manager,
        Upstreams upstreams,
        List<ProxyTlv> tlvs,
        @Nullable Tunneling tunneling,
        @Nullable OnDemand onDemand) {
    static final String TYPE = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(TYPE)
                    .supported(
                            "stat_prefix",
                            "cluster",
                            "weighted_clusters",
                            "metadata_match",
                            "hash_policy",
                            "idle_timeout",
                            "max_downstream_connection_duration",
                            "max_downstream_connection_duration_jitter_percentage",
                            "max_connect_attempts",
                            "backoff_options",
                            "access_log",
                            "access_log_options",
                            "proxy_protocol_tlvs",
                            "tunneling_config",
                            "access_log_flush_interval",
                            "flush_access_log_on_connected",
                            "on_demand")
                    .accepted("downstream_idle_timeout", "Envoy does nothing with it; see idle_timeout")
                    .accepted("upstream_idle_timeout", "Envoy does nothing with it; see idle_timeout"),
            OnDemand.FIELDS,
            Tunneling.FIELDS,
            SupportedFields.of(TYPE + ".WeightedCluster").supported("clusters"),
            SupportedFields.of(TYPE + ".WeightedCluster.ClusterWeight").supported("name", "weight", "metadata_match"),
            SupportedFields.of("envoy.type.v3.HashPolicy").supported("source_ip", "filter_state"),
            SupportedFields.of("envoy.type.v3.HashPolicy.SourceIp"),
            SupportedFields.of("envoy.type.v3.HashPolicy.FilterState").supported("key"),
            SupportedFields.of(TYPE + ".TcpAccessLogOptions")
                    .supported(
                            "access_log_flush_interval", "flush_access_log_on_connected", "flush_access_log_on_start"),
            SupportedFields.of("envoy.config.core.v3.BackoffStrategy").supported("base_interval", "max_interval"));

    private static final long HOUR = 3600_000_000_000L;

    static TcpProxyConfig from(ConfigNode node, NetworkFilterContext context) {
        ConfigNode options = node.message("access_log_options");
        if (options != null
                && (node.has("access_log_flush_interval") || node.bool("flush_access_log_on_connected", false))) {
            throw new ConfigException("Only one of access_log_flush_interval or access_log_options can be specified.");
        }
        ConfigNode log = options == null ? node : options;
        ConfigNode backOff = node.message("backoff_options");
        long base = backOff == null ? 0 : backOff.durationNanos("base_interval", 0);
        long max = backOff == null ? 0 : backOff.durationNanos("max_interval", 10 * base);
        if (max < base) {
            throw new ConfigException("max_backoff must be greater or equal to base_backoff");
        }
        ConfigNode tunneling = node.message("tunneling_config");
        List<ConfigNode> logs = node.messages("access_log");
        Scope scope = context.root().scope("tcp." + node.string("stat_prefix") + ".");
        return new TcpProxyConfig(
                clusters(node),
                hash(node),
                new TcpProxyStats(scope),
                node.durationNanos("idle_timeout", HOUR),
                node.durationNanos("max_downstream_connection_duration", 0),
                Jitter.percent(node.message("max_downstream_connection_duration_jitter_percentage")),
                node.integer("max_connect_attempts", 1),
                base,
                max,
                logs.isEmpty()
                        ? AccessLog.NONE
                        : AccessLogs.from(logs, context.service(LogFiles.class), context.runtime()),
                log.bool("flush_access_log_on_connected", false),
                options != null && options.bool("flush_access_log_on_start", false),
                log.durationNanos("access_log_flush_interval", 0),
                context.service(ClusterManager.class),
                context.service(Upstreams.class),
                ProxyProtocolTransport.tlvs(node, "proxy_protocol_tlvs"),
                tunneling == null ? null : Tunneling.from(tunneling),
                OnDemand.from(node.message("on_demand"), context, scope));
    }

    private static ClusterChoice clusters(ConfigNode node) {
        MetadataMatch all = match(node);
        ConfigNode weighted = node.message("weighted_clusters");
        if (weighted == null) {
            return ClusterChoice.of(node.string("cluster"), all);
        }
        List<Part> parts = new ArrayList<>();
        for (ConfigNode part : weighted.messages("clusters")) {
            MetadataMatch own = match(part);
            parts.add(new Part(
                    part.string("name"),
                    part.integer("weight", 0),
                    own == null || all == null ? (own == null ? all : own) : all.with(own)));
        }
        return ClusterChoice.weighted(parts);
    }

    private static @Nullable MetadataMatch match(ConfigNode node) {
        ConfigNode match = node.message("metadata_match");
        if (match != null
                && match.struct("filter_metadata") instanceof Map<?, ?> namespaces
                && namespaces.get(MetadataMatch.NAMESPACE) instanceof Map<?, ?> fields
                && !fields.isEmpty()) {
            Map<String, Object> wanted = new HashMap<>();
            fields.forEach((key, value) -> wanted.put(String.valueOf(key), value));
            return MetadataMatch.of(wanted);
        }
        return null;
    }

    private static Hash hash(ConfigNode node) {
        for (ConfigNode policy : node.messages("hash_policy")) {
            ConfigNode state = policy.message("filter_state");
            return state == null ? new Hash(true, "") : new Hash(false, state.string("key"));
        }
        return Hash.NONE;
    }

    /**
     * {@code hash_policy}: what a hashing load balancer goes by.
     *
     * @param sourceIp the client's address, else the filter state of {@code key}
     * @param key {@code ""} = none
     */
    record Hash(boolean sourceIp, String key) {
        static final Hash NONE = new Hash(false, "");

        /** What of {@code connection} is hashed, or null. */
        @Nullable
        String text(ConnectionInfo connection) {
            if (sourceIp) {
                InetSocketAddress remote = connection.remoteAddress;
                return remote == null ? null : NetUtil.toAddressString(remote.getAddress());
            }
            Object value = key.isEmpty() ? null : connection.filterState(key);
            return value instanceof FilterStateValue state && state.hashable() ? WireText.decode(state.plain()) : null;
        }
    }

    /** How long {@code connection} may be idle: what a filter before said of it, or the configuration; 0 = for ever. */
    long idleNanos(ConnectionInfo connection) {
        return connection.filterState("envoy.tcp_proxy.per_connection_idle_timeout_ms")
                        instanceof FilterStateValue value
                ? TimeUnit.MILLISECONDS.toNanos(Long.parseUnsignedLong(value.plain()) & Long.MAX_VALUE)
                : idleTimeoutNanos;
    }

    /** Whether there is any log to write. */
    boolean logs() {
        return log != AccessLog.NONE;
    }
}
