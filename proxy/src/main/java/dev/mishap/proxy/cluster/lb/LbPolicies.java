package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.CommonLbConfig;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The load-balancing policies: by {@code lb_policy} and by the message of a {@code load_balancing_policy}. */
public final class LbPolicies {
    private static final String LB = "envoy.extensions.load_balancing_policies.";

    /** A policy by the name of its message. */
    private interface Typed {
        /** @param parent what a policy around this one says of localities, or null when it is the outermost */
        LbPolicy from(ConfigNode config, @Nullable LocalityConfig parent, Context context);
    }

    /**
     * What a policy may need to know of its cluster.
     *
     * @param provided the policy that the cluster's type brings along, or null
     */
    private record Context(String clusterName, @Nullable LbPolicy provided) {}

    private static final Map<String, Typed> BY_MESSAGE = new HashMap<>();

    static {
        BY_MESSAGE.put(LB + "round_robin.v3.RoundRobin", (c, p, x) -> roundRobin(c, locality(c, p)));
        BY_MESSAGE.put(LB + "least_request.v3.LeastRequest", (c, p, x) -> leastRequest(c, locality(c, p)));
        BY_MESSAGE.put(LB + "random.v3.Random", (c, p, x) -> new RandomPolicy(locality(c, p)));
        BY_MESSAGE.put(LB + "ring_hash.v3.RingHash", (c, p, x) -> ringHash(c, p));
        BY_MESSAGE.put(LB + "maglev.v3.Maglev", (c, p, x) -> maglev(c, p));
        BY_MESSAGE.put(LB + "subset.v3.Subset", LbPolicies::subset);
        BY_MESSAGE.put(
                LB + "wrr_locality.v3.WrrLocality",
                (c, p, x) ->
                        typed(c.required("endpoint_picking_policy"), LocalityConfig.DEFAULT.withWeighted(true), x));
        BY_MESSAGE.put(
                ClientWeightedPolicy.MESSAGE,
                (c, p, x) -> ClientWeightedPolicy.from(c, p == null ? LocalityConfig.DEFAULT : p));
        BY_MESSAGE.put(
                OverrideHostPolicy.MESSAGE,
                (c, p, x) -> OverrideHostPolicy.from(c, typed(c.required("fallback_policy"), p, x)));
        BY_MESSAGE.put(LB + "cluster_provided.v3.ClusterProvided", (c, p, x) -> provided(x));
    }

    /** ROUND_ROBIN with default configuration. */
    public static final LbPolicy ROUND_ROBIN = new RoundRobinPolicy(SlowStartConfig.OFF, LocalityConfig.DEFAULT);

    private LbPolicies() {}

    /** The policy of a {@code envoy.config.cluster.v3.Cluster} whose type brings none along. */
    public static LbPolicy of(ConfigNode cluster, CommonLbConfig common) {
        return of(cluster, common, null);
    }

    /**
     * The policy of a {@code envoy.config.cluster.v3.Cluster}.
     *
     * @param provided the policy that the cluster's type brings along (CLUSTER_PROVIDED), or null
     */
    public static LbPolicy of(ConfigNode cluster, CommonLbConfig common, @Nullable LbPolicy provided) {
        Context context = new Context(cluster.string("name"), provided);
        ConfigNode typed = cluster.message("load_balancing_policy");
        if (typed != null) {
            return typed(typed, null, context);
        }
        if (provided != null && !cluster.enumName("lb_policy").equals("CLUSTER_PROVIDED")) {
            throw new ConfigException("cluster manager: cluster provided LB not specified but cluster '"
                    + context.clusterName() + "' provided one. Check cluster documentation.");
        }
        LocalityConfig locality = LocalityConfig.of(common);
        ConfigNode subset = cluster.message("lb_subset_config");
        if (subset == null || subset.messages("subset_selectors").isEmpty()) {
            return byEnum(cluster, locality, context);
        }
        // Without locality_weight_aware, subsets take no notice of the weights of localities.
        LocalityConfig inner =
                locality.withWeighted(locality.weighted() && subset.bool("locality_weight_aware", false));
        return new SubsetPolicy(SubsetConfig.from(subset), byEnum(cluster, inner, context));
    }

    private static LbPolicy byEnum(ConfigNode cluster, LocalityConfig locality, Context context) {
        switch (cluster.enumName("lb_policy")) {
            case "ROUND_ROBIN":
                return roundRobin(cluster.message("round_robin_lb_config"), locality);
            case "LEAST_REQUEST":
                return leastRequest(cluster.message("least_request_lb_config"), locality);
            case "RANDOM":
                return new RandomPolicy(locality);
            case "RING_HASH":
                return ring(cluster.message("ring_hash_lb_config"), consistent(cluster), locality.weighted());
            case "MAGLEV":
                ConfigNode maglev = cluster.message("maglev_lb_config");
                return table(
                        maglev == null
                                ? MaglevPolicy.DEFAULT_SIZE
                                : maglev.integer("table_size", MaglevPolicy.DEFAULT_SIZE),
                        consistent(cluster),
                        locality.weighted());
            case "CLUSTER_PROVIDED":
                return provided(context);
            default:
                throw cluster.error("lb_policy", cluster.enumName("lb_policy") + " is not supported");
        }
    }

    private static @Nullable ConfigNode consistent(ConfigNode cluster) {
        ConfigNode common = cluster.message("common_lb_config");
        return common == null ? null : common.message("consistent_hashing_lb_config");
    }

    private static LbPolicy provided(Context context) {
        if (context.provided() == null) {
            throw new ConfigException("cluster manager: cluster provided LB specified but cluster '"
                    + context.clusterName() + "' did not provide one. Check cluster documentation.");
        }
        return context.provided();
    }

    /** The first policy of the list that we have. */
    private static LbPolicy typed(ConfigNode typed, @Nullable LocalityConfig parent, Context context) {
        List<String> names = new ArrayList<>();
        for (ConfigNode policy : typed.messages("policies")) {
            ConfigNode extension = policy.required("typed_extension_config");
            ConfigNode config = extension.message("typed_config");
            Typed known = config == null ? null : BY_MESSAGE.get(config.messageName());
            if (known != null && config != null) {
                return known.from(config, parent, context);
            }
            names.add(extension.string("name"));
        }
        throw new ConfigException(
                "cluster: didn't find a registered load balancer factory implementation for cluster: '"
                        + context.clusterName() + "' with names from [" + String.join(", ", names) + "]");
    }

    private static LocalityConfig locality(ConfigNode config, @Nullable LocalityConfig parent) {
        return parent == null ? LocalityConfig.from(config.message("locality_lb_config")) : parent;
    }

    private static LbPolicy roundRobin(@Nullable ConfigNode config, LocalityConfig locality) {
        return new RoundRobinPolicy(
                SlowStartConfig.from(config == null ? null : config.message("slow_start_config")), locality);
    }

    private static LbPolicy leastRequest(@Nullable ConfigNode c, LocalityConfig locality) {
        if (c == null) {
            return new LeastRequestPolicy(2, false, RuntimeDouble.from(null, 1), SlowStartConfig.OFF, locality);
        }
        return new LeastRequestPolicy(
                (int) Math.min(1 << 16, c.integer("choice_count", 2)),
                c.messageName().startsWith(LB)
                        && (c.enumName("selection_method").equals("FULL_SCAN") || c.bool("enable_full_scan", false)),
                RuntimeDouble.from(c.message("active_request_bias"), 1),
                SlowStartConfig.from(c.message("slow_start_config")),
                locality);
    }

    private static LbPolicy ringHash(ConfigNode c, @Nullable LocalityConfig parent) {
        boolean weighted = parent == null ? c.message("locality_weighted_lb_config") != null : parent.weighted();
        ConfigNode consistent = c.message("consistent_hashing_lb_config");
        // The same fields stand in the message itself, deprecated; they count when the other is absent.
        return ring(c, consistent == null ? c : consistent, weighted);
    }

    private static LbPolicy ring(@Nullable ConfigNode c, @Nullable ConfigNode consistent, boolean weighted) {
        long min = c == null ? 1024 : c.integer("minimum_ring_size", 1024);
        long max = c == null ? RingHashPolicy.MAX_SIZE : c.integer("maximum_ring_size", RingHashPolicy.MAX_SIZE);
        if (min > max) {
            throw new ConfigException("ring hash: minimum_ring_size (" + min + ") > maximum_ring_size (" + max + ")");
        }
        return new RingHashPolicy(
                c != null && c.enumName("hash_function").equals("MURMUR_HASH_2"),
                min,
                max,
                byHostname(consistent),
                balance(consistent),
                weighted);
    }

    private static LbPolicy maglev(ConfigNode c, @Nullable LocalityConfig parent) {
        boolean weighted = parent == null ? c.message("locality_weighted_lb_config") != null : parent.weighted();
        return table(
                c.integer("table_size", MaglevPolicy.DEFAULT_SIZE),
                c.message("consistent_hashing_lb_config"),
                weighted);
    }

    private static LbPolicy table(long size, @Nullable ConfigNode consistent, boolean weighted) {
        if (!isPrime(size)) {
            throw new ConfigException("The table size of maglev must be prime number");
        }
        return new MaglevPolicy(size, byHostname(consistent), balance(consistent), weighted);
    }

    private static boolean isPrime(long n) {
        for (long d = 2; d * d <= n; d++) {
            if (n % d == 0) {
                return false;
            }
        }
        return n > 1;
    }

    private static boolean byHostname(@Nullable ConfigNode consistent) {
        return consistent != null && consistent.bool("use_hostname_for_hashing", false);
    }

    private static int balance(@Nullable ConfigNode consistent) {
        return consistent == null ? 0 : (int) consistent.integer("hash_balance_factor", 0);
    }

    private static LbPolicy subset(ConfigNode c, @Nullable LocalityConfig parent, Context context) {
        LocalityConfig weights = parent;
        if (weights == null && !c.bool("locality_weight_aware", false)) {
            weights = LocalityConfig.DEFAULT;
        }
        return new SubsetPolicy(SubsetConfig.from(c), typed(c.required("subset_lb_policy"), weights, context));
    }
}
