package dev.mishap.proxy.cluster;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.dns.LookupFamily;
import io.netty.util.NetUtil;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code envoy.config.cluster.v3.Cluster} to {@link ClusterConfig}. */
public final class ClusterTranslator {
    private static final String CLUSTER = "envoy.config.cluster.v3.";
    private static final String ENDPOINT = "envoy.config.endpoint.v3.";
    private static final String LB = "envoy.extensions.load_balancing_policies.";

    /** What we make of the messages of a cluster. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(CLUSTER + "Cluster")
                    .supported("name", "alt_stat_name", "type", "connect_timeout", "per_connection_buffer_limit_bytes")
                    .supported("lb_policy", "load_assignment", "max_requests_per_connection", "circuit_breakers")
                    .supported("common_http_protocol_options", "http_protocol_options", "http2_protocol_options")
                    .supported("protocol_selection")
                    .supported("typed_extension_protocol_options", "dns_refresh_rate", "dns_jitter")
                    .supported("dns_failure_refresh_rate", "respect_dns_ttl", "dns_lookup_family")
                    .supported("least_request_lb_config", "round_robin_lb_config", "common_lb_config")
                    .supported("load_balancing_policy", "metadata", "upstream_connection_options")
                    .accepted("wait_for_warm_on_init", "start-up waits for every cluster")
                    .accepted("cleanup_interval", "only ORIGINAL_DST clusters have hosts to clean up")
                    .accepted("ignore_health_on_host_removal", "there is no active health checking")
                    .accepted("close_connections_on_host_health_failure", "there is no active health checking"),
            SupportedFields.of(CLUSTER + "Cluster.RefreshRate").supported("base_interval", "max_interval"),
            SupportedFields.of(CLUSTER + "Cluster.RoundRobinLbConfig"),
            SupportedFields.of(CLUSTER + "Cluster.LeastRequestLbConfig").supported("choice_count"),
            SupportedFields.of(CLUSTER + "Cluster.CommonLbConfig")
                    .supported("healthy_panic_threshold")
                    .accepted("update_merge_window", "a change of endpoints acts at once"),
            SupportedFields.of(CLUSTER + "LoadBalancingPolicy").supported("policies"),
            SupportedFields.of(CLUSTER + "LoadBalancingPolicy.Policy").supported("typed_extension_config"),
            SupportedFields.of(LB + "round_robin.v3.RoundRobin"),
            SupportedFields.of(LB + "least_request.v3.LeastRequest").supported("choice_count"),
            SupportedFields.of(LB + "random.v3.Random"),
            SupportedFields.of(CLUSTER + "UpstreamConnectionOptions").supported("tcp_keepalive"),
            SupportedFields.of("envoy.config.core.v3.TcpKeepalive")
                    .supported("keepalive_probes", "keepalive_time", "keepalive_interval"),
            SupportedFields.of(CLUSTER + "CircuitBreakers").supported("thresholds"),
            SupportedFields.of(CLUSTER + "CircuitBreakers.Thresholds")
                    .supported("priority", "max_connections", "max_pending_requests", "max_requests", "max_retries")
                    .supported("retry_budget", "track_remaining")
                    .accepted("max_connection_pools", "there is one pool an endpoint and worker"),
            SupportedFields.of(CLUSTER + "CircuitBreakers.Thresholds.RetryBudget")
                    .supported("budget_percent", "min_retry_concurrency"),
            SupportedFields.of(ENDPOINT + "ClusterLoadAssignment").supported("cluster_name", "endpoints", "policy"),
            SupportedFields.of(ENDPOINT + "ClusterLoadAssignment.Policy").supported("overprovisioning_factor"),
            SupportedFields.of(ENDPOINT + "LocalityLbEndpoints").supported("locality", "lb_endpoints", "priority"),
            SupportedFields.of(ENDPOINT + "LbEndpoint")
                    .supported("endpoint", "health_status", "metadata", "load_balancing_weight"),
            SupportedFields.of(ENDPOINT + "Endpoint").supported("address", "hostname"));

    private static final long MILLI = 1_000_000L;
    private static final long DEFAULT_CONNECT_NANOS = 5_000 * MILLI;
    private static final long DEFAULT_REFRESH_NANOS = 5_000 * MILLI;
    private static final int DEFAULT_BUFFER = 1 << 20;

    private ClusterTranslator() {}

    /** Translates one cluster. */
    public static ClusterConfig from(ConfigNode c) {
        String name = c.string("name");
        ConfigNode assignment = c.message("load_assignment");
        DnsConfig dns = dns(c);
        List<EndpointConfig> endpoints = assignment == null ? List.of() : endpoints(assignment, dns == null);
        if (dns != null && dns.firstAddressOnly() && endpoints.size() != 1) {
            throw new ConfigException(
                    "LOGICAL_DNS clusters must have a single locality_lb_endpoint and a single lb_endpoint");
        }
        String statName = c.string("alt_stat_name").isEmpty() ? name : c.string("alt_stat_name");
        ConfigNode policy = assignment == null ? null : assignment.message("policy");
        ConfigNode common = c.message("common_lb_config");
        ConfigNode panic = common == null ? null : common.message("healthy_panic_threshold");
        return new ClusterConfig(
                name,
                statName,
                c.durationNanos("connect_timeout", DEFAULT_CONNECT_NANOS),
                endpoints,
                dns,
                lb(c, name),
                policy == null ? 140 : (int) policy.integer("overprovisioning_factor", 140),
                panic == null ? 50 : panic.number("value", 0),
                limits(c, "DEFAULT"),
                limits(c, "HIGH"),
                (int) Math.min(Integer.MAX_VALUE, c.integer("per_connection_buffer_limit_bytes", DEFAULT_BUFFER)),
                UpstreamHttpTranslator.from(c),
                keepalive(c),
                metadata(c));
    }

    private static @Nullable DnsConfig dns(ConfigNode c) {
        String type = c.enumName("type");
        switch (type) {
            case "STATIC":
                return null;
            case "STRICT_DNS":
            case "LOGICAL_DNS":
                break;
            case "EDS":
                throw c.error("type", "EDS is not supported");
            default:
                throw c.error("type", type + " is not supported");
        }
        long refresh = c.durationNanos("dns_refresh_rate", DEFAULT_REFRESH_NANOS);
        long base = refresh;
        long max = refresh;
        ConfigNode failure = c.message("dns_failure_refresh_rate");
        if (failure != null) {
            base = failure.durationNanos("base_interval", refresh);
            max = failure.durationNanos("max_interval", base * 10);
            if (max < base) {
                throw new ConfigException(
                        "cluster.dns_failure_refresh_rate must have max_interval greater than or equal to the base_interval");
            }
        }
        return new DnsConfig(
                refresh,
                base,
                max,
                c.bool("respect_dns_ttl", false),
                c.durationNanos("dns_jitter", 0),
                LookupFamily.valueOf(c.enumName("dns_lookup_family")),
                type.equals("LOGICAL_DNS"));
    }

    private static List<EndpointConfig> endpoints(ConfigNode assignment, boolean addressesOnly) {
        List<EndpointConfig> all = new ArrayList<>();
        for (ConfigNode group : assignment.messages("endpoints")) {
            ConfigNode l = group.message("locality");
            Locality locality = l == null
                    ? Locality.NONE
                    : new Locality(l.string("region"), l.string("zone"), l.string("sub_zone"));
            int priority = (int) group.integer("priority", 0);
            for (ConfigNode lb : group.messages("lb_endpoints")) {
                all.add(endpoint(lb, locality, priority, addressesOnly));
            }
        }
        return all;
    }

    private static EndpointConfig endpoint(ConfigNode lb, Locality locality, int priority, boolean addressesOnly) {
        ConfigNode endpoint = lb.required("endpoint");
        ConfigNode at = endpoint.required("address");
        if (at.message("pipe") != null) {
            throw at.error("pipe", "is not supported for an upstream endpoint");
        }
        ConfigNode socket = at.required("socket_address");
        if (!socket.enumName("protocol").equals("TCP")) {
            throw socket.error("protocol", "must be TCP for an upstream endpoint");
        }
        String address = socket.string("address");
        boolean ip = !address.startsWith("[") && NetUtil.createInetAddressFromIpAddressString(address) != null;
        if (addressesOnly && !ip) {
            throw new ConfigException("malformed IP address: " + address + ". Consider setting resolver_name or setting"
                    + " cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'");
        }
        return new EndpointConfig(
                address,
                (int) socket.integer("port_value", 0),
                endpoint.string("hostname"),
                (int) lb.integer("load_balancing_weight", 1),
                healthy(lb),
                locality,
                priority,
                metadata(lb));
    }

    private static boolean healthy(ConfigNode lb) {
        String status = lb.enumName("health_status");
        switch (status) {
            case "UNKNOWN":
            case "HEALTHY":
                return true;
            case "UNHEALTHY":
            case "DRAINING":
            case "TIMEOUT":
                return false;
            default:
                throw lb.error("health_status", status + " is not supported");
        }
    }

    private static LbPolicy lb(ConfigNode c, String name) {
        ConfigNode typed = c.message("load_balancing_policy");
        if (typed != null) {
            return typedLb(typed, name);
        }
        switch (c.enumName("lb_policy")) {
            case "ROUND_ROBIN":
                return LbPolicy.ROUND_ROBIN;
            case "LEAST_REQUEST":
                ConfigNode least = c.message("least_request_lb_config");
                return new LbPolicy(LbPolicy.Kind.LEAST_REQUEST, choices(least));
            case "RANDOM":
                return new LbPolicy(LbPolicy.Kind.RANDOM, 2);
            case "CLUSTER_PROVIDED":
                throw new ConfigException("cluster manager: cluster provided LB specified but cluster '" + name
                        + "' did not provide one. Check cluster documentation.");
            default:
                throw c.error("lb_policy", c.enumName("lb_policy") + " is not supported");
        }
    }

    private static LbPolicy typedLb(ConfigNode typed, String name) {
        List<String> names = new ArrayList<>();
        for (ConfigNode policy : typed.messages("policies")) {
            ConfigNode extension = policy.required("typed_extension_config");
            ConfigNode config = extension.message("typed_config");
            String message = config == null ? "" : config.messageName();
            switch (message) {
                case LB + "round_robin.v3.RoundRobin":
                    return LbPolicy.ROUND_ROBIN;
                case LB + "least_request.v3.LeastRequest":
                    return new LbPolicy(LbPolicy.Kind.LEAST_REQUEST, choices(config));
                case LB + "random.v3.Random":
                    return new LbPolicy(LbPolicy.Kind.RANDOM, 2);
                default:
                    names.add(extension.string("name"));
            }
        }
        throw new ConfigException(
                "cluster: didn't find a registered load balancer factory implementation for cluster: '" + name
                        + "' with names from [" + String.join(", ", names) + "]");
    }

    private static int choices(@Nullable ConfigNode leastRequest) {
        return leastRequest == null ? 2 : (int) Math.min(1 << 16, leastRequest.integer("choice_count", 2));
    }

    private static CircuitBreakerConfig limits(ConfigNode c, String priority) {
        ConfigNode breakers = c.message("circuit_breakers");
        if (breakers == null) {
            return CircuitBreakerConfig.DEFAULT;
        }
        for (ConfigNode t : breakers.messages("thresholds")) {
            // The first threshold of a priority counts.
            if (t.enumName("priority").equals(priority)) {
                ConfigNode budget = t.message("retry_budget");
                ConfigNode percent = budget == null ? null : budget.message("budget_percent");
                return new CircuitBreakerConfig(
                        t.integer("max_connections", 1024),
                        t.integer("max_pending_requests", 1024),
                        t.integer("max_requests", 1024),
                        t.integer("max_retries", 3),
                        budget == null ? -1 : percent == null ? 20 : percent.number("value", 0),
                        budget == null ? 3 : budget.integer("min_retry_concurrency", 3),
                        t.bool("track_remaining", false));
            }
        }
        return CircuitBreakerConfig.DEFAULT;
    }

    private static @Nullable KeepaliveConfig keepalive(ConfigNode c) {
        ConfigNode options = c.message("upstream_connection_options");
        ConfigNode keepalive = options == null ? null : options.message("tcp_keepalive");
        return keepalive == null
                ? null
                : new KeepaliveConfig(
                        (int) keepalive.integer("keepalive_probes", -1),
                        (int) keepalive.integer("keepalive_time", -1),
                        (int) keepalive.integer("keepalive_interval", -1));
    }

    private static Map<String, Map<String, Object>> metadata(ConfigNode holder) {
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
