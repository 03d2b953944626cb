package dev.mishap.proxy.cluster;

import java.util.List;
import java.util.Map;

/**
 * One {@code LbEndpoint} of a {@code ClusterLoadAssignment}.
 *
 * @param address an IP address, or a DNS name in a cluster whose addresses are resolved; a path when {@code port} is -1; an internal
 *     listener's name, a NUL and an id when it is {@link #INTERNAL}
 * @param port 0..65535; -1 = {@code address} is the path of a unix socket
 * @param hostname {@code Endpoint.hostname}, {@code ""} when not given
 * @param weight {@code load_balancing_weight}, &ge; 1; default 1
 * @param health {@code health_status}
 * @param locality where it is
 * @param priority 0 is used first
 * @param metadata {@code LbEndpoint.metadata.filter_metadata} by namespace
 * @param localityMetadata {@code LocalityLbEndpoints.metadata.filter_metadata} by namespace
 * @param healthCheck {@code Endpoint.health_check_config}
 * @param additional {@code additional_addresses}, tried after {@code address}
 */
public record EndpointConfig(
        String address,
        int port,
        String hostname,
        int weight,
        HealthStatus health,
        Locality locality,
        int priority,
        Map<String, Map<String, Object>> metadata,
        Map<String, Map<String, Object>> localityMetadata,
        HealthCheckAddress healthCheck,
        List<Address> additional) {
    /** A port that stands for a listener of this process. */
    public static final int INTERNAL = -2;

    public EndpointConfig {
        metadata = Map.copyOf(metadata);
        localityMetadata = Map.copyOf(localityMetadata);
        additional = List.copyOf(additional);
    }

    /** An endpoint that has only an address; weight 1, priority 0. */
    public static EndpointConfig at(String address, int port) {
        return new EndpointConfig(
                address,
                port,
                "",
                1,
                HealthStatus.UNKNOWN,
                Locality.NONE,
                0,
                Map.of(),
                Map.of(),
                HealthCheckAddress.SAME,
                List.of());
    }

    public EndpointConfig withWeight(int w) {
        return new EndpointConfig(
                address,
                port,
                hostname,
                w,
                health,
                locality,
                priority,
                metadata,
                localityMetadata,
                healthCheck,
                additional);
    }

    public EndpointConfig withHealth(HealthStatus h) {
        return new EndpointConfig(
                address,
                port,
                hostname,
                weight,
                h,
                locality,
                priority,
                metadata,
                localityMetadata,
                healthCheck,
                additional);
    }

    /** The same in another place. */
    public EndpointConfig in(Locality place, int level) {
        return new EndpointConfig(
                address,
                port,
                hostname,
                weight,
                health,
                place,
                level,
                metadata,
                localityMetadata,
                healthCheck,
                additional);
    }

    public EndpointConfig withMetadata(Map<String, Map<String, Object>> m) {
        return new EndpointConfig(
                address,
                port,
                hostname,
                weight,
                health,
                locality,
                priority,
                m,
                localityMetadata,
                healthCheck,
                additional);
    }

    public EndpointConfig withAdditional(List<Address> more) {
        return new EndpointConfig(
                address,
                port,
                hostname,
                weight,
                health,
                locality,
                priority,
                metadata,
                localityMetadata,
                healthCheck,
                more);
    }

    /** The same at an address that its name was resolved to. */
    public EndpointConfig resolved(String to) {
        return new EndpointConfig(
                to,
                port,
                hostname,
                weight,
                health,
                locality,
                priority,
                metadata,
                localityMetadata,
                healthCheck,
                additional);
    }

    /** An address that connections may go to. */
    public record Address(String address, int port) {}

    /**
     * Where active health checks of an endpoint go.
     *
     * @param address {@code ""} = the endpoint's
     * @param port 0 = the endpoint's
     * @param hostname host header of HTTP checks; {@code ""} = the checker's or the endpoint's
     * @param disabled the endpoint is not checked and counts as healthy
     */
    public record HealthCheckAddress(String address, int port, String hostname, boolean disabled) {
        public static final HealthCheckAddress SAME = new HealthCheckAddress("", 0, "", false);
    }
}
