package dev.mishap.proxy.cluster;

import java.util.Map;

/**
 * One address of a {@code ClusterLoadAssignment}.
 *
 * @param address an IP address, or a DNS name in a cluster whose addresses are resolved
 * @param port 1..65535
 * @param hostname {@code Endpoint.hostname}, {@code ""} when not given
 * @param weight {@code load_balancing_weight}, &ge; 1; default 1
 * @param healthy false when {@code health_status} says UNHEALTHY, DRAINING or TIMEOUT
 * @param locality where it is
 * @param priority 0 is used first
 * @param metadata {@code LbEndpoint.metadata.filter_metadata} by namespace
 */
public record EndpointConfig(
        String address,
        int port,
        String hostname,
        int weight,
        boolean healthy,
        Locality locality,
        int priority,
        Map<String, Map<String, Object>> metadata) {}
