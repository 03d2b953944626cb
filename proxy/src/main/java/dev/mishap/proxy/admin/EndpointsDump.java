package dev.mishap.proxy.admin;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.Locality;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The endpoints of a cluster as an assignment, as Envoy shows them: what is in use, by priority and locality. */
final class EndpointsDump {
    private EndpointsDump() {}

    /** Adds the fields of an {@code envoy.config.endpoint.v3.ClusterLoadAssignment}. */
    static void assignment(Cluster c, Map<String, Object> to) {
        List<Object> groups = new ArrayList<>();
        for (HostSet level : c.endpoints().priorities()) {
            for (int i = 0; i < level.localities().size(); i++) {
                List<Endpoint> there = level.byLocality().get(i);
                if (there.isEmpty()) {
                    continue;
                }
                Map<String, Object> group = new LinkedHashMap<>();
                group.put("locality", locality(level.localities().get(i)));
                group.put(
                        "lb_endpoints",
                        there.stream().map(EndpointsDump::endpoint).toList());
                group.put("load_balancing_weight", (long) level.localityWeight(i));
                if (level.priority() > 0) {
                    group.put("priority", (long) level.priority());
                }
                groups.add(group);
            }
        }
        to.put("cluster_name", c.config().discovery().assignmentName(c.name()));
        if (!groups.isEmpty()) {
            to.put("endpoints", groups);
        }
        to.put("policy", Map.of("overprovisioning_factor", (long)
                c.members().policy().overprovisioningPercent()));
    }

    private static Map<String, Object> locality(Locality l) {
        Map<String, Object> shown = new LinkedHashMap<>();
        text(shown, "region", l.region());
        text(shown, "zone", l.zone());
        text(shown, "sub_zone", l.subZone());
        return shown;
    }

    private static void text(Map<String, Object> to, String field, String value) {
        if (!value.isEmpty()) {
            to.put(field, value);
        }
    }

    private static Map<String, Object> endpoint(Endpoint e) {
        EndpointConfig.HealthCheckAddress check = e.config().healthCheck();
        Map<String, Object> endpoint = new LinkedHashMap<>();
        endpoint.put("address", ServerRoutes.AddressText.json(e.address()));
        Map<String, Object> checked = new LinkedHashMap<>();
        text(checked, "hostname", check.hostname());
        endpoint.put("health_check_config", checked);
        text(endpoint, "hostname", e.hostname());
        List<SocketAddress> all = e.addresses();
        if (all.size() > 1) {
            endpoint.put(
                    "additional_addresses",
                    all.subList(1, all.size()).stream()
                            .map(a -> Map.of("address", ServerRoutes.AddressText.json(a)))
                            .toList());
        }
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("endpoint", endpoint);
        shown.put("health_status", e.healthy() ? "HEALTHY" : e.degraded() ? "DEGRADED" : "UNHEALTHY");
        if (!e.metadata().isEmpty()) {
            shown.put("metadata", Map.of("filter_metadata", e.metadata()));
        }
        shown.put("load_balancing_weight", (long) e.weight());
        return shown;
    }
}
