package dev.mishap.proxy.filter.http.healthcheck;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.match.HeaderMatcher;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code HealthCheck}, resolved.
 *
 * @param passThrough whether probes go on to the application
 * @param cacheNanos how long the application's answer stands for further probes; 0 = not at all
 * @param clusters what share of each cluster's endpoints, in whole percent, must be healthy
 * @param headers what makes a request a probe; all must match
 * @param nodeCluster the cluster of this process, which every answer to a probe tells
 */
record HealthCheckConfig(
        boolean passThrough,
        long cacheNanos,
        Map<String, Long> clusters,
        List<HeaderMatcher> headers,
        String nodeCluster) {
    static final String FILTER = "envoy.extensions.filters.http.health_check.v3.HealthCheck";

    static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(FILTER)
            .supported("pass_through_mode", "cache_time", "cluster_min_healthy_percentages", "headers"));

    static HealthCheckConfig from(ConfigNode node, String nodeCluster) {
        boolean passThrough = node.bool("pass_through_mode", false);
        long cache = node.durationNanos("cache_time", 0);
        if (!passThrough && cache > 0) {
            throw new ConfigException("cache_time_ms must not be set when path_through_mode is disabled");
        }
        Map<String, Long> clusters = new LinkedHashMap<>();
        if (!passThrough) {
            node.messageMap("cluster_min_healthy_percentages")
                    .forEach((name, percent) -> clusters.put(name, (long) percent.number("value", 0)));
        }
        return new HealthCheckConfig(
                passThrough, cache, clusters, HeaderMatcher.listFrom(node.messages("headers")), nodeCluster);
    }
}
