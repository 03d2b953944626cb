package dev.mishap.proxy.cluster.config;

import dev.mishap.proxy.cluster.AddressOrder;
import dev.mishap.proxy.cluster.CircuitBreakerConfig;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.ClusterFaults;
import dev.mishap.proxy.cluster.CommonLbConfig;
import dev.mishap.proxy.cluster.ConnectConfig;
import dev.mishap.proxy.cluster.Discovery;
import dev.mishap.proxy.cluster.HealthStatus;
import dev.mishap.proxy.cluster.KeepaliveConfig;
import dev.mishap.proxy.cluster.UpstreamHttpTranslator;
import dev.mishap.proxy.cluster.discovery.ClusterTypes;
import dev.mishap.proxy.cluster.discovery.LoadAssignments;
import dev.mishap.proxy.cluster.health.HealthCheckConfig;
import dev.mishap.proxy.cluster.lb.LbPolicies;
import dev.mishap.proxy.cluster.outlier.OutlierConfig;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.rules.config.ClusterFaultConfig;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code envoy.config.cluster.v3.Cluster} to {@link ClusterConfig}. */
public final class ClusterTranslator {
    private static final String METADATA_EXCHANGE = "envoy.tcp.metadataexchange.config.MetadataExchange";
    private static final String CLUSTER = "envoy.config.cluster.v3.";

    /** What we make of the messages of a cluster, its type and load balancer aside. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(CLUSTER + "Cluster")
                    .supported("name", "alt_stat_name", "type", "connect_timeout", "per_connection_buffer_limit_bytes")
                    .supported("transport_socket", "transport_socket_matches", "upstream_http_protocol_options")
                    .supported("lb_policy", "load_assignment", "max_requests_per_connection", "circuit_breakers")
                    .supported("common_http_protocol_options", "http_protocol_options", "http2_protocol_options")
                    .supported("protocol_selection")
                    .supported("typed_extension_protocol_options", "dns_refresh_rate", "dns_jitter")
                    .supported("dns_failure_refresh_rate", "respect_dns_ttl", "dns_lookup_family")
                    .supported("least_request_lb_config", "round_robin_lb_config", "common_lb_config")
                    .supported(
                            "outlier_detection",
                            "health_checks",
                            "load_balancing_policy",
                            "metadata",
                            "upstream_connection_options")
                    .supported("ring_hash_lb_config", "maglev_lb_config", "lb_subset_config", "eds_cluster_config")
                    .supported("ignore_health_on_host_removal", "close_connections_on_host_health_failure")
                    .supported(
                            "cleanup_interval",
                            "original_dst_lb_config",
                            "cluster_type",
                            "wait_for_warm_on_init",
                            "upstream_bind_config")
                    .supported("connection_pool_per_downstream_connection", "preconnect_policy")
                    .supported("track_cluster_stats", "track_timeout_budgets")
                    .supported("filters", "typed_dns_resolver_config", "dns_resolution_config")
                    .accepted(
                            "lrs_server",
                            "Envoy reads it and opens no stream for it, too: reports go where"
                                    + " `cluster_manager.load_stats_config` says"),
            SupportedFields.of(CLUSTER + "Filter").supported("name", "typed_config"),
            SupportedFields.of(CLUSTER + "Cluster.CommonLbConfig")
                    .supported("healthy_panic_threshold", "update_merge_window", "zone_aware_lb_config")
                    .supported("locality_weighted_lb_config", "consistent_hashing_lb_config")
                    .supported(
                            "ignore_new_hosts_until_first_hc",
                            "close_connections_on_host_set_change",
                            "override_host_status"),
            SupportedFields.of("envoy.config.core.v3.HealthStatusSet").supported("statuses"),
            SupportedFields.of(CLUSTER + "Cluster.CommonLbConfig.ZoneAwareLbConfig")
                    .supported("routing_enabled", "min_cluster_size", "fail_traffic_on_panic"),
            SupportedFields.of(CLUSTER + "Cluster.CommonLbConfig.LocalityWeightedLbConfig"),
            SupportedFields.of(CLUSTER + "TrackClusterStats")
                    .supported("timeout_budgets", "request_response_sizes", "per_endpoint_stats"),
            SupportedFields.of(CLUSTER + "UpstreamConnectionOptions")
                    .supported("tcp_keepalive", "happy_eyeballs_config")
                    .accepted(
                            "set_local_interface_name_on_upstream_connections",
                            "nothing shows the interface's name, in Envoy, too"),
            SupportedFields.of(CLUSTER + "UpstreamConnectionOptions.HappyEyeballsConfig")
                    .supported("first_address_family_version", "first_address_family_count"),
            SupportedFields.of("envoy.config.core.v3.TcpKeepalive")
                    .supported("keepalive_probes", "keepalive_time", "keepalive_interval"),
            SupportedFields.of(CLUSTER + "Cluster.PreconnectPolicy").supported("per_upstream_preconnect_ratio"),
            SupportedFields.of(CLUSTER + "CircuitBreakers").supported("thresholds", "per_host_thresholds"),
            SupportedFields.of(CLUSTER + "CircuitBreakers.Thresholds")
                    .supported("priority", "max_connections", "max_pending_requests", "max_requests", "max_retries")
                    .supported("retry_budget", "track_remaining", "max_connection_pools"),
            SupportedFields.of(CLUSTER + "CircuitBreakers.Thresholds.RetryBudget")
                    .supported("budget_percent", "min_retry_concurrency"));

    private ClusterTranslator() {}

    /** Translates one cluster. */
    public static ClusterConfig from(ConfigNode c) {
        String name = c.string("name");
        CommonLbConfig common = common(c);
        Discovery discovery = ClusterTypes.of(c);
        ClusterConfig.Builder cluster = ClusterConfig.builder(
                        name, discovery, LbPolicies.of(c, common, ClusterTypes.lbOf(discovery)))
                .statName(c.string("alt_stat_name").isEmpty() ? name : c.string("alt_stat_name"))
                .common(common)
                .connect(connect(c))
                .limits(limits(c, "DEFAULT"), limits(c, "HIGH"))
                .http(UpstreamHttpTranslator.from(c))
                .poolPerDownstream(c.bool("connection_pool_per_downstream_connection", false))
                .timeoutBudgets(timeoutBudgets(c))
                .sizes(tracks(c, "request_response_sizes"))
                .perEndpointStats(tracks(c, "per_endpoint_stats"))
                .metadata(LoadAssignments.metadata(c))
                .faults(new ClusterFaults(ClusterFaultConfig.from(c), ClusterFaultConfig.discovered(c)));
        checkFilters(c);
        List<ConfigNode> checks = c.messages("health_checks");
        if (checks.size() > 1) {
            throw new ConfigException("Multiple health checks not supported");
        }
        checks.forEach(check -> cluster.feature(HealthCheckConfig.from(check)));
        ConfigNode outliers = c.message("outlier_detection");
        if (outliers != null) {
            cluster.feature(OutlierConfig.from(outliers));
        }
        return cluster.build();
    }

    // The one upstream network filter that is known does nothing here.
    private static void checkFilters(ConfigNode c) {
        for (ConfigNode filter : c.messages("filters")) {
            ConfigNode config = filter.message("typed_config");
            String type = config == null ? "" : config.messageName();
            if (!type.equals(METADATA_EXCHANGE)) {
                throw new ConfigException("Didn't find a registered implementation for '" + filter.string("name")
                        + "' with type URL: '" + type + "'");
            }
        }
    }

    private static boolean timeoutBudgets(ConfigNode c) {
        return c.bool("track_timeout_budgets", false) || tracks(c, "timeout_budgets");
    }

    private static boolean tracks(ConfigNode c, String what) {
        ConfigNode track = c.message("track_cluster_stats");
        return track != null && track.bool(what, false);
    }

    private static ConnectConfig connect(ConfigNode c) {
        ConnectConfig d = ConnectConfig.DEFAULT;
        ConfigNode preconnect = c.message("preconnect_policy");
        return new ConnectConfig(
                c.durationNanos("connect_timeout", d.timeoutNanos()),
                (int) Math.min(Integer.MAX_VALUE, c.integer("per_connection_buffer_limit_bytes", d.bufferLimitBytes())),
                keepalive(c),
                BindTranslator.from(c, "Cluster " + c.string("name")),
                List.of(),
                preconnect == null ? 1 : preconnect.number("per_upstream_preconnect_ratio", 1),
                order(c));
    }

    private static AddressOrder order(ConfigNode c) {
        ConfigNode options = c.message("upstream_connection_options");
        ConfigNode config = options == null ? null : options.message("happy_eyeballs_config");
        return config == null
                ? AddressOrder.DEFAULT
                : new AddressOrder(AddressOrder.Family.valueOf(config.enumName("first_address_family_version")), (int)
                        Math.min(Integer.MAX_VALUE, config.integer("first_address_family_count", 1)));
    }

    private static CommonLbConfig common(ConfigNode c) {
        ConfigNode common = c.message("common_lb_config");
        CommonLbConfig d = CommonLbConfig.DEFAULT;
        if (common == null) {
            return d.with(
                    c.bool("ignore_health_on_host_removal", false),
                    c.bool("close_connections_on_host_health_failure", false));
        }
        ConfigNode panic = common.message("healthy_panic_threshold");
        ConfigNode zones = common.message("zone_aware_lb_config");
        ConfigNode routing = zones == null ? null : zones.message("routing_enabled");
        return new CommonLbConfig(
                panic == null ? d.panicPercent() : panic.number("value", 0),
                routing == null ? d.zoneRoutingPercent() : routing.number("value", 0),
                zones == null ? d.zoneMinClusterSize() : zones.integer("min_cluster_size", d.zoneMinClusterSize()),
                zones != null && zones.bool("fail_traffic_on_panic", false),
                common.message("locality_weighted_lb_config") != null,
                common.durationNanos("update_merge_window", d.mergeWindowNanos()),
                common.bool("ignore_new_hosts_until_first_hc", false),
                common.bool("close_connections_on_host_set_change", false),
                c.bool("ignore_health_on_host_removal", false),
                c.bool("close_connections_on_host_health_failure", false),
                overrideHealth(common.message("override_host_status")));
    }

    private static CommonLbConfig.OverrideHealth overrideHealth(@Nullable ConfigNode set) {
        if (set == null) {
            return CommonLbConfig.OverrideHealth.DEFAULT;
        }
        Set<HealthStatus> statuses = EnumSet.noneOf(HealthStatus.class);
        for (long number : set.integers("statuses")) {
            statuses.add(HealthStatus.values()[(int) number]);
        }
        return new CommonLbConfig.OverrideHealth(statuses);
    }

    private static CircuitBreakerConfig limits(ConfigNode c, String priority) {
        ConfigNode breakers = c.message("circuit_breakers");
        if (breakers == null) {
            return CircuitBreakerConfig.DEFAULT;
        }
        long perHost = perHost(breakers, priority);
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
                        t.bool("track_remaining", false),
                        t.integer("max_connection_pools", Long.MAX_VALUE),
                        perHost);
            }
        }
        return new CircuitBreakerConfig(1024, 1024, 1024, 3, -1, 3, false, Long.MAX_VALUE, perHost);
    }

    private static long perHost(ConfigNode breakers, String priority) {
        for (ConfigNode t : breakers.messages("per_host_thresholds")) {
            if (t.enumName("priority").equals(priority)) {
                if (t.has("max_pending_requests")
                        || t.has("max_requests")
                        || t.has("max_retries")
                        || t.has("max_connection_pools")
                        || t.has("retry_budget")) {
                    throw new ConfigException("Unsupported field in per_host_thresholds");
                }
                return t.integer("max_connections", Long.MAX_VALUE);
            }
        }
        return Long.MAX_VALUE;
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
}
