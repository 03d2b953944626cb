package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.HealthStatus;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.config.PipePaths;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code envoy.config.endpoint.v3.ClusterLoadAssignment} to {@link LoadAssignment}. */
public final class LoadAssignments {
    private static final String ENDPOINT = "envoy.config.endpoint.v3.";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(ENDPOINT + "ClusterLoadAssignment")
                    .supported("cluster_name", "endpoints", "policy")
                    .accepted(
                            "named_endpoints",
                            "Envoy knows no way to name one of them (`endpoint_name` is refused), too"),
            SupportedFields.of(ENDPOINT + "ClusterLoadAssignment.Policy")
                    .supported("overprovisioning_factor", "weighted_priority_health", "endpoint_stale_after")
                    .supported("drop_overloads"),
            SupportedFields.of(ENDPOINT + "ClusterLoadAssignment.Policy.DropOverload")
                    .supported("drop_percentage")
                    .accepted("category", "it labels load reports"),
            SupportedFields.of(ENDPOINT + "LocalityLbEndpoints")
                    .supported("locality", "lb_endpoints", "priority", "load_balancing_weight", "metadata")
                    .accepted("proximity", "Envoy reads it and goes by priorities, too"),
            SupportedFields.of(ENDPOINT + "LbEndpoint")
                    .supported("endpoint", "health_status", "metadata", "load_balancing_weight"),
            SupportedFields.of(ENDPOINT + "Endpoint")
                    .supported("address", "hostname", "health_check_config", "additional_addresses"),
            SupportedFields.of(ENDPOINT + "Endpoint.AdditionalAddress").supported("address"),
            SupportedFields.of(ENDPOINT + "Endpoint.HealthCheckConfig")
                    .supported("port_value", "hostname", "address", "disable_active_health_check"));

    private static final String HINT =
            ". Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'";

    private LoadAssignments() {}

    /**
     * Translates an assignment.
     *
     * @param namesAllowed whether addresses may be DNS names
     * @throws ConfigException with Envoy's words
     */
    public static LoadAssignment from(ConfigNode assignment, boolean namesAllowed) {
        List<LoadAssignment.Group> groups = new ArrayList<>();
        for (ConfigNode group : assignment.messages("endpoints")) {
            groups.add(group(group, namesAllowed));
        }
        return new LoadAssignment(assignment.string("cluster_name"), groups, policy(assignment.message("policy")));
    }

    private static LoadAssignment.Policy policy(@Nullable ConfigNode policy) {
        if (policy == null) {
            return LoadAssignment.Policy.DEFAULT;
        }
        return new LoadAssignment.Policy(
                (int) policy.integer("overprovisioning_factor", 140),
                policy.bool("weighted_priority_health", false),
                policy.durationNanos("endpoint_stale_after", 0),
                drops(policy.messages("drop_overloads")),
                category(policy.messages("drop_overloads")));
    }

    private static String category(List<ConfigNode> drops) {
        return drops.isEmpty() ? "" : drops.get(0).string("category");
    }

    private static long drops(List<ConfigNode> drops) {
        if (drops.size() > 1) {
            throw new ConfigException(
                    "Cluster drop_overloads config has " + drops.size() + " categories. Envoy only support one.");
        }
        ConfigNode share = drops.isEmpty() ? null : drops.get(0).message("drop_percentage");
        if (share == null) {
            return 0;
        }
        long scale = switch (share.enumName("denominator")) {
            case "HUNDRED" -> 10_000;
            case "TEN_THOUSAND" -> 100;
            default -> 1;
        };
        long ppm = share.integer("numerator", 0) * scale;
        return Math.min(1_000_000, ppm);
    }

    private static LoadAssignment.Group group(ConfigNode group, boolean namesAllowed) {
        ConfigNode l = group.message("locality");
        Locality locality =
                l == null ? Locality.NONE : new Locality(l.string("region"), l.string("zone"), l.string("sub_zone"));
        int priority = (int) group.integer("priority", 0);
        List<EndpointConfig> endpoints = new ArrayList<>();
        Map<String, Map<String, Object>> metadata = metadata(group);
        for (ConfigNode lb : group.messages("lb_endpoints")) {
            endpoints.add(endpoint(lb, locality, metadata, priority, namesAllowed));
        }
        return new LoadAssignment.Group(locality, priority, (int) group.integer("load_balancing_weight", 0), endpoints);
    }

    private static EndpointConfig endpoint(
            ConfigNode lb,
            Locality locality,
            Map<String, Map<String, Object>> ofLocality,
            int priority,
            boolean namesAllowed) {
        ConfigNode endpoint = lb.message("endpoint");
        ConfigNode address = endpoint == null ? null : endpoint.message("address");
        if (endpoint == null || address == null) {
            throw lb.error("endpoint", "Address must be set: endpoint.address" + HINT);
        }
        EndpointConfig.Address at = address(address, namesAllowed);
        return new EndpointConfig(
                at.address(),
                at.port(),
                endpoint.string("hostname"),
                (int) lb.integer("load_balancing_weight", 1),
                HealthStatus.valueOf(lb.enumName("health_status")),
                locality,
                priority,
                metadata(lb),
                ofLocality,
                healthCheck(endpoint, at.port()),
                additional(endpoint, namesAllowed));
    }

    /** Names that are resolved have the addresses of the answers and no others, as in Envoy. */
    private static List<EndpointConfig.Address> additional(ConfigNode endpoint, boolean namesAllowed) {
        List<EndpointConfig.Address> all = new ArrayList<>();
        for (ConfigNode more : endpoint.messages("additional_addresses")) {
            ConfigNode at = more.message("address");
            if (namesAllowed && at == null) {
                continue;
            }
            if (at == null || at.oneof("address") == null) {
                throw new ConfigException("Address must be set: additional_addresses" + HINT);
            }
            all.add(address(at, namesAllowed));
        }
        return all;
    }

    private static EndpointConfig.HealthCheckAddress healthCheck(ConfigNode endpoint, int port) {
        ConfigNode config = endpoint.message("health_check_config");
        if (config == null) {
            return EndpointConfig.HealthCheckAddress.SAME;
        }
        int elsewhere = (int) config.integer("port_value", 0);
        if (port < 0 && elsewhere != 0) {
            throw config.error("port_value", "an endpoint that is a path has no port");
        }
        ConfigNode address = config.message("address");
        if (address != null && address.message("pipe") != null) {
            throw address.error("pipe", "is not supported for a health check");
        }
        EndpointConfig.Address at = address == null ? null : address(address, false);
        return new EndpointConfig.HealthCheckAddress(
                at == null ? "" : at.address(),
                elsewhere != 0 || at == null ? elsewhere : at.port(),
                config.string("hostname"),
                config.bool("disable_active_health_check", false));
    }

    private static EndpointConfig.Address address(ConfigNode at, boolean namesAllowed) {
        ConfigNode pipe = at.message("pipe");
        if (pipe != null) {
            String path = pipe.string("path");
            if (path.startsWith("@")) {
                throw pipe.error("path", "abstract unix sockets are not supported");
            }
            PipePaths.check(pipe, HINT);
            return new EndpointConfig.Address(path, -1);
        }
        ConfigNode internal = at.message("envoy_internal_address");
        if (internal != null) {
            if (namesAllowed) {
                throw at.error(
                        "envoy_internal_address",
                        "has no name that could be resolved; use a cluster of type STATIC or EDS");
            }
            return new EndpointConfig.Address(
                    internal.string("server_listener_name") + '\0' + internal.string("endpoint_id"),
                    EndpointConfig.INTERNAL);
        }
        ConfigNode socket = at.required("socket_address"); // its protocol makes no difference, as in Envoy
        String address = socket.string("address");
        if (!namesAllowed && !Addresses.isIp(address)) {
            throw new ConfigException("malformed IP address: " + address + HINT);
        }
        return new EndpointConfig.Address(address, (int) socket.integer("port_value", 0));
    }

    /** {@code metadata.filter_metadata} of the message, by namespace. */
    public static Map<String, Map<String, Object>> metadata(ConfigNode holder) {
        ConfigNode metadata = holder.message("metadata");
        if (metadata == null) {
            return Map.of();
        }
        Map<String, Map<String, Object>> all = new LinkedHashMap<>();
        if (metadata.struct("filter_metadata") instanceof Map<?, ?> namespaces) {
            namespaces.forEach((namespace, struct) -> {
                Map<String, Object> fields = new LinkedHashMap<>();
                if (struct instanceof Map<?, ?> given) {
                    given.forEach((key, value) -> fields.put(String.valueOf(key), value));
                }
                all.put(String.valueOf(namespace), fields);
            });
        }
        return all;
    }
}
