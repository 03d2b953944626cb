package dev.mishap.proxy.server;

import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A bootstrap that was read, merged and checked; its listeners, clusters and layers are still to be translated by their owners.
 *
 * @param config all of it, for /config_dump
 * @param node who this process is
 * @param admin the admin server's configuration, or null when there is none
 * @param listeners {@code envoy.config.listener.v3.Listener}s
 * @param clusters {@code envoy.config.cluster.v3.Cluster}s
 * @param secrets {@code envoy.extensions.transport_sockets.tls.v3.Secret}s
 * @param runtime {@code envoy.config.bootstrap.v3.LayeredRuntime}, or null for Envoy's default of one admin layer
 * @param statsConfig {@code envoy.config.metrics.v3.StatsConfig}, or null
 * @param statsFlushNanos how often histograms are folded and gauges published; default 5 s; 0 = when the admin server is asked
 * @param unknownFields how many fields were dropped for being unknown, {@code server.static_unknown_fields}
 * @param warnings what was tolerated, for the log
 */
public record Bootstrap(
        ConfigNode config,
        Node node,
        @Nullable AdminConfig admin,
        List<ConfigNode> listeners,
        List<ConfigNode> clusters,
        List<ConfigNode> secrets,
        @Nullable ConfigNode runtime,
        @Nullable ConfigNode statsConfig,
        long statsFlushNanos,
        int unknownFields,
        List<String> warnings) {
    public Bootstrap {
        listeners = List.copyOf(listeners);
        clusters = List.copyOf(clusters);
        secrets = List.copyOf(secrets);
        warnings = List.copyOf(warnings);
    }

    /** Names of the clusters that need no server for their endpoints, all but those of type EDS. */
    Set<String> primaryClusters() {
        Set<String> names = new HashSet<>();
        for (ConfigNode cluster : clusters) {
            if (cluster.has("cluster_type") || !cluster.enumName("type").equals("EDS")) {
                names.add(cluster.string("name"));
            }
        }
        return names;
    }

    /**
     * Who a process is: {@code node} of the bootstrap with the flags over it. What was not given is {@code ""}.
     *
     * @param metadata {@code node.metadata} as plain values
     */
    public record Node(
            String id, String cluster, String region, String zone, String subZone, Map<String, Object> metadata) {}

    /**
     * The admin server's configuration.
     *
     * @param unixPath the path of the unix socket to listen at, {@code ""} = none: {@code host} and {@code port} tell where
     * @param unixMode permission bits of that socket, 0 = those that the umask leaves
     * @param host the address to bind, {@code ""} = none
     * @param accessLogPath {@code access_log_path}: a file to log to in the default format, {@code ""} = none
     * @param accessLogs {@code envoy.config.accesslog.v3.AccessLog}s
     */
    public record AdminConfig(
            String unixPath, int unixMode, String host, int port, String accessLogPath, List<ConfigNode> accessLogs) {
        public AdminConfig {
            accessLogs = List.copyOf(accessLogs);
        }
    }
}
