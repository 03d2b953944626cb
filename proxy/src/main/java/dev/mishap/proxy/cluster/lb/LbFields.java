package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;
import java.util.stream.Stream;

/** What is supported of the messages of load-balancing policies. */
public final class LbFields {
    private static final String CLUSTER = "envoy.config.cluster.v3.";
    private static final String LB = "envoy.extensions.load_balancing_policies.";
    private static final String COMMON = LB + "common.v3.";

    public static final List<SupportedFields> ALL = Stream.of(
                    List.of(
                            SupportedFields.of(CLUSTER + "Cluster.RoundRobinLbConfig")
                                    .supported("slow_start_config"),
                            SupportedFields.of(CLUSTER + "Cluster.LeastRequestLbConfig")
                                    .supported("choice_count", "active_request_bias", "slow_start_config"),
                            SupportedFields.of(CLUSTER + "Cluster.SlowStartConfig")
                                    .supported("slow_start_window", "aggression", "min_weight_percent"),
                            SupportedFields.of(CLUSTER + "Cluster.RingHashLbConfig")
                                    .supported("minimum_ring_size", "maximum_ring_size", "hash_function"),
                            SupportedFields.of(CLUSTER + "Cluster.MaglevLbConfig")
                                    .supported("table_size"),
                            SupportedFields.of(CLUSTER + "Cluster.CommonLbConfig.ConsistentHashingLbConfig")
                                    .supported("use_hostname_for_hashing", "hash_balance_factor"),
                            SupportedFields.of(CLUSTER + "Cluster.LbSubsetConfig")
                                    .supported(
                                            "fallback_policy",
                                            "default_subset",
                                            "subset_selectors",
                                            "locality_weight_aware")
                                    .supported(
                                            "scale_locality_weight",
                                            "panic_mode_any",
                                            "list_as_any",
                                            "metadata_fallback_policy"),
                            SupportedFields.of(CLUSTER + "Cluster.LbSubsetConfig.LbSubsetSelector")
                                    .supported(
                                            "keys",
                                            "single_host_per_subset",
                                            "fallback_policy",
                                            "fallback_keys_subset"),
                            SupportedFields.of(CLUSTER + "LoadBalancingPolicy").supported("policies"),
                            SupportedFields.of(CLUSTER + "LoadBalancingPolicy.Policy")
                                    .supported("typed_extension_config"),
                            SupportedFields.of("envoy.config.core.v3.RuntimeDouble")
                                    .supported("default_value", "runtime_key"),
                            SupportedFields.of(LB + "round_robin.v3.RoundRobin")
                                    .supported("slow_start_config", "locality_lb_config"),
                            SupportedFields.of(LB + "least_request.v3.LeastRequest")
                                    .supported(
                                            "choice_count",
                                            "active_request_bias",
                                            "slow_start_config",
                                            "selection_method")
                                    .supported("locality_lb_config", "enable_full_scan"),
                            SupportedFields.of(LB + "random.v3.Random").supported("locality_lb_config"),
                            SupportedFields.of(LB + "ring_hash.v3.RingHash")
                                    .supported("minimum_ring_size", "maximum_ring_size", "hash_function")
                                    .supported("consistent_hashing_lb_config", "locality_weighted_lb_config")
                                    .supported("use_hostname_for_hashing", "hash_balance_factor"),
                            SupportedFields.of(LB + "maglev.v3.Maglev")
                                    .supported(
                                            "table_size",
                                            "consistent_hashing_lb_config",
                                            "locality_weighted_lb_config"),
                            SupportedFields.of(LB + "subset.v3.Subset")
                                    .supported(
                                            "fallback_policy",
                                            "default_subset",
                                            "subset_selectors",
                                            "locality_weight_aware")
                                    .supported(
                                            "scale_locality_weight",
                                            "panic_mode_any",
                                            "list_as_any",
                                            "metadata_fallback_policy")
                                    .supported("subset_lb_policy", "allow_redundant_keys"),
                            SupportedFields.of(LB + "subset.v3.Subset.LbSubsetSelector")
                                    .supported(
                                            "keys",
                                            "single_host_per_subset",
                                            "fallback_policy",
                                            "fallback_keys_subset"),
                            SupportedFields.of(LB + "wrr_locality.v3.WrrLocality")
                                    .supported("endpoint_picking_policy"),
                            SupportedFields.of(LB + "cluster_provided.v3.ClusterProvided"),
                            SupportedFields.of(COMMON + "LocalityLbConfig")
                                    .supported("zone_aware_lb_config", "locality_weighted_lb_config"),
                            SupportedFields.of(COMMON + "LocalityLbConfig.ZoneAwareLbConfig")
                                    .supported("routing_enabled", "min_cluster_size", "fail_traffic_on_panic"),
                            SupportedFields.of(COMMON + "LocalityLbConfig.LocalityWeightedLbConfig"),
                            SupportedFields.of(COMMON + "ConsistentHashingLbConfig")
                                    .supported("use_hostname_for_hashing", "hash_balance_factor"),
                            SupportedFields.of(COMMON + "SlowStartConfig")
                                    .supported("slow_start_window", "aggression", "min_weight_percent")),
                    OverrideHostPolicy.FIELDS,
                    ClientWeightedPolicy.FIELDS)
            .flatMap(List::stream)
            .toList();

    private LbFields() {}
}
