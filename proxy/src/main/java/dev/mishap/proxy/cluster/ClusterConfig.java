package dev.mishap.proxy.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code envoy.config.cluster.v3.Cluster}, translated. Immutable; made by {@link #builder}.
 *
 * @param name unique
 * @param statName {@code alt_stat_name}, else the name
 * @param discovery where the endpoints come from
 * @param lb how an endpoint is picked
 * @param common what all load-balancing policies have in common
 * @param connect how connections are made
 * @param http options of the upstream protocol
 * @param defaultLimits circuit breakers of requests of default priority
 * @param highLimits circuit breakers of requests of high priority
 * @param features what works on the cluster besides, such as health checks
 * @param poolPerDownstream {@code connection_pool_per_downstream_connection}: connections carry requests of one client's connection
 * @param timeoutBudgets {@code track_cluster_stats.timeout_budgets}: whether it is counted how much of their timeouts requests use
 * @param sizes {@code track_cluster_stats.request_response_sizes}: whether the sizes of requests and responses are tracked
 * @param perEndpointStats {@code track_cluster_stats.per_endpoint_stats}: whether the stats of each endpoint are shown as the cluster's are
 * @param metadata {@code filter_metadata} by namespace
 * @param faults rules about the cluster's connections and DNS questions
 */
public record ClusterConfig(
        String name,
        String statName,
        Discovery discovery,
        LbPolicy lb,
        CommonLbConfig common,
        ConnectConfig connect,
        UpstreamHttpConfig http,
        CircuitBreakerConfig defaultLimits,
        CircuitBreakerConfig highLimits,
        List<ClusterFeature> features,
        boolean poolPerDownstream,
        boolean timeoutBudgets,
        boolean sizes,
        boolean perEndpointStats,
        Map<String, Map<String, Object>> metadata,
        ClusterFaults faults) {
    public ClusterConfig {
        features = List.copyOf(features);
        metadata = Map.copyOf(metadata);
    }

    /** Whether endpoints are actively checked. */
    public boolean checksHealth() {
        return features.stream().anyMatch(ClusterFeature::checksHealth);
    }

    /** Starts a configuration whose other values are Envoy's defaults. */
    public static Builder builder(String name, Discovery discovery, LbPolicy lb) {
        return new Builder(name, discovery, lb);
    }

    /** Collects a configuration. */
    public static final class Builder {
        private final String name;
        private final Discovery discovery;
        private final LbPolicy lb;
        private String statName;
        private CommonLbConfig common = CommonLbConfig.DEFAULT;
        private ConnectConfig connect = ConnectConfig.DEFAULT;
        private UpstreamHttpConfig http = UpstreamHttpConfig.DEFAULT;
        private CircuitBreakerConfig defaultLimits = CircuitBreakerConfig.DEFAULT;
        private CircuitBreakerConfig highLimits = CircuitBreakerConfig.DEFAULT;
        private final List<ClusterFeature> features = new ArrayList<>();
        private boolean poolPerDownstream;
        private boolean timeoutBudgets;
        private boolean sizes;
        private boolean perEndpointStats;
        private Map<String, Map<String, Object>> metadata = Map.of();
        private ClusterFaults faults = ClusterFaults.NONE;

        private Builder(String name, Discovery discovery, LbPolicy lb) {
            this.name = name;
            this.statName = name;
            this.discovery = discovery;
            this.lb = lb;
        }

        public Builder statName(String value) {
            statName = value;
            return this;
        }

        public Builder common(CommonLbConfig value) {
            common = value;
            return this;
        }

        public Builder connect(ConnectConfig value) {
            connect = value;
            return this;
        }

        public Builder http(UpstreamHttpConfig value) {
            http = value;
            return this;
        }

        public Builder limits(CircuitBreakerConfig ofDefault, CircuitBreakerConfig ofHigh) {
            defaultLimits = ofDefault;
            highLimits = ofHigh;
            return this;
        }

        public Builder feature(ClusterFeature value) {
            features.add(value);
            return this;
        }

        public Builder poolPerDownstream(boolean value) {
            poolPerDownstream = value;
            return this;
        }

        public Builder timeoutBudgets(boolean value) {
            timeoutBudgets = value;
            return this;
        }

        public Builder sizes(boolean value) {
            sizes = value;
            return this;
        }

        public Builder perEndpointStats(boolean value) {
            perEndpointStats = value;
            return this;
        }

        public Builder metadata(Map<String, Map<String, Object>> value) {
            metadata = value;
            return this;
        }

        public Builder faults(ClusterFaults value) {
            faults = value;
            return this;
        }

        public ClusterConfig build() {
            return new ClusterConfig(
                    name,
                    statName,
                    discovery,
                    lb,
                    common,
                    connect,
                    http,
                    defaultLimits,
                    highLimits,
                    features,
                    poolPerDownstream,
                    timeoutBudgets,
                    sizes,
                    perEndpointStats,
                    metadata,
                    faults);
        }
    }
}
