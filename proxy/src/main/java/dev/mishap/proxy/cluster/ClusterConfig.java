package dev.mishap.proxy.cluster;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code envoy.config.cluster.v3.Cluster}, translated. Immutable.
 *
 * @param name unique
 * @param statName {@code alt_stat_name}, else the name
 * @param connectTimeoutNanos default 5 s
 * @param endpoints of the load assignment, in order
 * @param dns how names are resolved, or null for a STATIC cluster
 * @param lb how an endpoint is picked
 * @param overprovisioningPercent {@code overprovisioning_factor}, default 140
 * @param panicPercent {@code healthy_panic_threshold}, default 50; 0 = off
 * @param defaultLimits circuit breakers of requests of default priority
 * @param highLimits circuit breakers of requests of high priority
 * @param bufferLimitBytes {@code per_connection_buffer_limit_bytes}, default 1 MiB; 0 = no limit
 * @param http options of the upstream protocol
 * @param keepalive TCP keep-alive, or null for none
 * @param metadata {@code filter_metadata} by namespace
 */
public record ClusterConfig(
        String name,
        String statName,
        long connectTimeoutNanos,
        List<EndpointConfig> endpoints,
        @Nullable DnsConfig dns,
        LbPolicy lb,
        int overprovisioningPercent,
        double panicPercent,
        CircuitBreakerConfig defaultLimits,
        CircuitBreakerConfig highLimits,
        int bufferLimitBytes,
        UpstreamHttpConfig http,
        @Nullable KeepaliveConfig keepalive,
        Map<String, Map<String, Object>> metadata) {
    public ClusterConfig {
        endpoints = List.copyOf(endpoints);
        metadata = Map.copyOf(metadata);
    }
}
