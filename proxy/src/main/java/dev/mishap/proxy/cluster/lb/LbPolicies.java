package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.CommonLbConfig;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The load-balancing policies: by {@code lb_policy} and by the message of a {@code load_balancing_policy}. */
public final class LbPolicies {
    private static final String CLUSTER = "envoy.config.cluster.v3.";
    private static final String LB = "envoy.extensions.load_balancing_policies.";
    private static final String COMMON = LB + "common.v3.";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(CLUSTER + "Cluster.RoundRobinLbConfig").supported("slow_start_config"),
            SupportedFields.of(CLUSTER + "Cluster.LeastRequestLbConfig")
                    .supported("choice_count", "active_request_bias", "slow_start_config"),
            SupportedFields.of(CLUSTER + "Cluster.SlowStartConfig")
                    .supported("slow_start_window", "aggression", "min_weight_percent"),
            SupportedFields.of("envoy.config.core.v3.RuntimeDouble").supported("default_value", "runtime_key"),
            SupportedFields.of(CLUSTER + "LoadBalancingPolicy").supported("policies"),
            SupportedFields.of(CLUSTER + "LoadBalancingPolicy.Policy").supported("typed_extension_config"),
            SupportedFields.of(LB + "round_robin.v3.RoundRobin").supported("slow_start_config"),
            SupportedFields.of(LB + "least_request.v3.LeastRequest")
                    .supported("choice_count", "active_request_bias", "slow_start_config", "selection_method"),
            SupportedFields.of(COMMON + "SlowStartConfig")
                    .supported("slow_start_window", "aggression", "min_weight_percent"),
            SupportedFields.of(LB + "random.v3.Random"));

    /** A policy by the name of its message. */
    private interface Typed {
        LbPolicy from(ConfigNode config, CommonLbConfig common);
    }

    private static final Map<String, Typed> BY_MESSAGE = Map.of(
            LB + "round_robin.v3.RoundRobin",
            (c, common) -> roundRobin(c, common.localityWeighted()),
            LB + "least_request.v3.LeastRequest",
            (c, common) -> leastRequest(c, common.localityWeighted()),
            LB + "random.v3.Random",
            (c, common) -> new RandomPolicy(common.localityWeighted()));

    /** ROUND_ROBIN with default configuration. */
    public static final LbPolicy ROUND_ROBIN = new RoundRobinPolicy(SlowStartConfig.OFF, false);

    private LbPolicies() {}

    /** The policy of a {@code envoy.config.cluster.v3.Cluster}. */
    public static LbPolicy of(ConfigNode cluster, CommonLbConfig common) {
        ConfigNode typed = cluster.message("load_balancing_policy");
        if (typed != null) {
            return typed(typed, cluster.string("name"), common);
        }
        boolean weighted = common.localityWeighted();
        switch (cluster.enumName("lb_policy")) {
            case "ROUND_ROBIN":
                return roundRobin(cluster.message("round_robin_lb_config"), weighted);
            case "LEAST_REQUEST":
                return leastRequest(cluster.message("least_request_lb_config"), weighted);
            case "RANDOM":
                return new RandomPolicy(weighted);
            case "CLUSTER_PROVIDED":
                throw new ConfigException("cluster manager: cluster provided LB specified but cluster '"
                        + cluster.string("name") + "' did not provide one. Check cluster documentation.");
            default:
                throw cluster.error("lb_policy", cluster.enumName("lb_policy") + " is not supported");
        }
    }

    /** The first policy of the list that we have. */
    private static LbPolicy typed(ConfigNode typed, String clusterName, CommonLbConfig common) {
        List<String> names = new ArrayList<>();
        for (ConfigNode policy : typed.messages("policies")) {
            ConfigNode extension = policy.required("typed_extension_config");
            ConfigNode config = extension.message("typed_config");
            Typed known = config == null ? null : BY_MESSAGE.get(config.messageName());
            if (known != null && config != null) {
                return known.from(config, common);
            }
            names.add(extension.string("name"));
        }
        throw new ConfigException(
                "cluster: didn't find a registered load balancer factory implementation for cluster: '" + clusterName
                        + "' with names from [" + String.join(", ", names) + "]");
    }

    private static LbPolicy roundRobin(@Nullable ConfigNode config, boolean weighted) {
        return new RoundRobinPolicy(
                SlowStartConfig.from(config == null ? null : config.message("slow_start_config")), weighted);
    }

    private static LbPolicy leastRequest(@Nullable ConfigNode c, boolean weighted) {
        if (c == null) {
            return new LeastRequestPolicy(2, false, RuntimeDouble.from(null, 1), SlowStartConfig.OFF, weighted);
        }
        return new LeastRequestPolicy(
                (int) Math.min(1 << 16, c.integer("choice_count", 2)),
                c.messageName().startsWith(LB) && c.enumName("selection_method").equals("FULL_SCAN"),
                RuntimeDouble.from(c.message("active_request_bias"), 1),
                SlowStartConfig.from(c.message("slow_start_config")),
                weighted);
    }
}
