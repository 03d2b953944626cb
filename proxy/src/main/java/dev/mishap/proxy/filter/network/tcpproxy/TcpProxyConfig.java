package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.tcpproxy.ClusterChoice.Part;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.AccessLogs;
import dev.mishap.proxy.observe.log.LogFiles;
import dev.mishap.proxy.transport.ProxyTlv;
import dev.mishap.proxy.transport.proxyprotocol.ProxyProtocolTransport;
import dev.mishap.proxy.upstream.Upstreams;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy}. Immutable.
 *
 * @param idleTimeoutNanos without bytes in either direction; default 1 h, 0 = none
 * @param maxDurationNanos of a downstream connection; 0 = none
 * @param maxConnectAttempts how often a connect is tried, with another pick each time; default 1
 * @param backOffNanos wait before the second try, doubled for each further one up to {@code maxBackOffNanos}; 0 = none
 * @param tlvs what a PROXY header to an upstream tells, when the downstream connection had no such header
 * @param logIntervalNanos how often a line is written while the connection lives; 0 = never
 */
record TcpProxyConfig(
        ClusterChoice clusters,
        TcpProxyStats stats,
        long idleTimeoutNanos,
        long maxDurationNanos,
        long maxConnectAttempts,
        long backOffNanos,
        long maxBackOffNanos,
        AccessLog log,
        boolean logOnConnected,
        long logIntervalNanos,
        ClusterManager manager,
        Upstreams upstreams,
        List<ProxyTlv> tlvs) {
    static final String TYPE = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(TYPE)
                    .supported(
                            "stat_prefix",
                            "cluster",
                            "weighted_clusters",
                            "idle_timeout",
                            "max_downstream_connection_duration",
                            "max_connect_attempts",
                            "backoff_options",
                            "access_log",
                            "access_log_options",
                            "proxy_protocol_tlvs",
                            "access_log_flush_interval",
                            "flush_access_log_on_connected"),
            SupportedFields.of(TYPE + ".WeightedCluster").supported("clusters"),
            SupportedFields.of(TYPE + ".WeightedCluster.ClusterWeight").supported("name", "weight"),
            SupportedFields.of(TYPE + ".TcpAccessLogOptions")
                    .supported("access_log_flush_interval", "flush_access_log_on_connected"),
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
        List<ConfigNode> logs = node.messages("access_log");
        return new TcpProxyConfig(
                clusters(node),
                new TcpProxyStats(context.root().scope("tcp." + node.string("stat_prefix") + ".")),
                node.durationNanos("idle_timeout", HOUR),
                node.durationNanos("max_downstream_connection_duration", 0),
                node.integer("max_connect_attempts", 1),
                base,
                max,
                logs.isEmpty()
                        ? AccessLog.NONE
                        : AccessLogs.from(logs, context.service(LogFiles.class), context.runtime()),
                log.bool("flush_access_log_on_connected", false),
                log.durationNanos("access_log_flush_interval", 0),
                context.service(ClusterManager.class),
                context.service(Upstreams.class),
                ProxyProtocolTransport.tlvs(node, "proxy_protocol_tlvs"));
    }

    private static ClusterChoice clusters(ConfigNode node) {
        ConfigNode weighted = node.message("weighted_clusters");
        if (weighted == null) {
            return ClusterChoice.of(node.string("cluster"));
        }
        List<Part> parts = new ArrayList<>();
        for (ConfigNode part : weighted.messages("clusters")) {
            parts.add(new Part(part.string("name"), part.integer("weight", 0)));
        }
        return ClusterChoice.weighted(parts);
    }

    /** Whether there is any log to write. */
    boolean logs() {
        return log != AccessLog.NONE;
    }
}
