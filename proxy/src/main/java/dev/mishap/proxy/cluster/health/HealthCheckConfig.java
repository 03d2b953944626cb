package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterFeature;
import dev.mishap.proxy.cluster.ClusterTransports;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * {@code envoy.config.core.v3.HealthCheck}; one of the three kinds is given.
 *
 * @param unhealthyThreshold failures in a row that make an endpoint unhealthy
 * @param healthyThreshold successes in a row that make it healthy
 * @param altPort port to check instead of the endpoint's; 0 = the endpoint's
 * @param reuse whether a connection serves several checks
 * @param alpn {@code tls_options.alpn_protocols}: what TLS offers in the place of what the cluster says; empty = that
 * @param transportCriteria {@code transport_socket_match_criteria}: which of the cluster's transport sockets checks have; null = that of the endpoint
 * @param eventLogs files for changes of health
 */
public record HealthCheckConfig(
        HealthTiming timing,
        long unhealthyThreshold,
        long healthyThreshold,
        int altPort,
        boolean reuse,
        List<String> alpn,
        @Nullable Map<String, Object> transportCriteria,
        List<String> eventLogs,
        boolean alwaysLogFailures,
        boolean alwaysLogSuccesses,
        @Nullable HttpCheck http,
        @Nullable TcpCheck tcp,
        @Nullable GrpcCheck grpc)
        implements ClusterFeature {
    @Override
    public boolean checksHealth() {
        return true;
    }

    private static final String MESSAGE = "envoy.config.core.v3.HealthCheck";
    private static final String FILE_SINK =
            "envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink";

    public static final List<SupportedFields> FIELDS = fields();

    /** What a TCP check sends and waits for. */
    record TcpCheck(byte[] send, List<byte[]> receive) {}

    private static List<SupportedFields> fields() {
        List<SupportedFields> all = new ArrayList<>();
        all.add(SupportedFields.of(MESSAGE)
                .supported("timeout", "interval", "initial_jitter", "interval_jitter", "interval_jitter_percent")
                .supported("unhealthy_threshold", "healthy_threshold", "alt_port", "reuse_connection")
                .supported("http_health_check", "tcp_health_check", "grpc_health_check")
                .supported("no_traffic_interval", "no_traffic_healthy_interval", "unhealthy_interval")
                .supported("unhealthy_edge_interval", "healthy_edge_interval", "event_log_path", "event_logger")
                .supported("tls_options", "transport_socket_match_criteria")
                .accepted("event_service", "Envoy reads it and tells nobody, too")
                .supported("always_log_health_check_failures", "always_log_health_check_success"));
        all.add(SupportedFields.of(MESSAGE + ".TlsOptions").supported("alpn_protocols"));
        all.addAll(HttpCheck.FIELDS);
        all.add(GrpcCheck.FIELDS);
        all.add(SupportedFields.of(MESSAGE + ".TcpHealthCheck").supported("send", "receive"));
        all.add(SupportedFields.of(MESSAGE + ".Payload").supported("text", "binary"));
        all.add(SupportedFields.of(FILE_SINK).supported("event_log_path"));
        return List.copyOf(all);
    }

    /** Reads one of a cluster's {@code health_checks}. */
    public static HealthCheckConfig from(ConfigNode node) {
        List<String> logs = new ArrayList<>();
        if (!node.string("event_log_path").isEmpty()) {
            logs.add(node.string("event_log_path"));
        }
        for (ConfigNode sink : node.messages("event_logger")) {
            ConfigNode config = sink.message("typed_config");
            if (config == null || !config.messageName().equals(FILE_SINK)) {
                throw new ConfigException("Didn't find a registered implementation for '" + sink.string("name")
                        + "' with type URL: '" + (config == null ? "" : config.messageName()) + "'");
            }
            logs.add(config.string("event_log_path"));
        }
        ConfigNode tls = node.message("tls_options");
        ConfigNode http = node.message("http_health_check");
        ConfigNode tcp = node.message("tcp_health_check");
        ConfigNode grpc = node.message("grpc_health_check");
        if (http == null && tcp == null && grpc == null) {
            throw node.error("health_checker", "is required");
        }
        return new HealthCheckConfig(
                HealthTiming.from(node),
                node.integer("unhealthy_threshold", 0),
                node.integer("healthy_threshold", 0),
                (int) node.integer("alt_port", 0),
                node.bool("reuse_connection", true),
                tls == null ? List.of() : tls.strings("alpn_protocols"),
                criteria(node),
                List.copyOf(logs),
                node.bool("always_log_health_check_failures", false),
                node.bool("always_log_health_check_success", false),
                http == null ? null : HttpCheck.from(http),
                tcp == null
                        ? null
                        : new TcpCheck(Payload.from(tcp.message("send")), Payload.listFrom(tcp.messages("receive"))),
                grpc == null ? null : GrpcCheck.from(grpc));
    }

    private static @Nullable Map<String, Object> criteria(ConfigNode node) {
        if (!(node.struct("transport_socket_match_criteria") instanceof Map<?, ?> given)) {
            return null;
        }
        Map<String, Object> criteria = new HashMap<>();
        given.forEach((key, value) -> criteria.put(String.valueOf(key), value));
        return criteria;
    }

    /** The properties that say which transport checks of an endpoint have. */
    EndpointConfig asked(EndpointConfig endpoint) {
        Map<String, Object> criteria = transportCriteria;
        return criteria == null ? endpoint : endpoint.withMetadata(Map.of(ClusterTransports.NAMESPACE, criteria));
    }

    boolean http2() {
        return grpc != null || http != null && http.http2();
    }

    String kind() {
        return http != null ? "HTTP" : tcp != null ? "TCP" : "GRPC";
    }

    @Override
    public Runnable start(Cluster cluster, Runnable initialized) {
        HealthChecker checker = new HealthChecker(
                this, cluster, () -> ThreadLocalRandom.current().nextLong(Long.MAX_VALUE), initialized);
        checker.start();
        return checker::stop;
    }
}
