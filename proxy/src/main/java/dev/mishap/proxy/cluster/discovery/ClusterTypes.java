package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Discovery;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.cluster.lb.AggregatePolicy;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The cluster types: by their name in {@code Cluster.type}, and by the message of a {@code cluster_type}. */
public final class ClusterTypes {
    /** A type: reads what is its own of a {@code envoy.config.cluster.v3.Cluster}. */
    private interface Type {
        Discovery from(ConfigNode cluster);
    }

    /** A type with a message of its own. */
    private interface Typed {
        Discovery from(ConfigNode cluster, ConfigNode config);
    }

    private static final Map<String, Type> BY_TYPE = Map.of(
            "STATIC", c -> new StaticDiscovery(assignment(c, false)),
            "STRICT_DNS", c -> DnsConfig.from(c, assignment(c, true), false),
            "LOGICAL_DNS", c -> DnsConfig.from(c, assignment(c, true), true),
            "EDS", EdsDiscovery::from,
            "ORIGINAL_DST", OriginalDst::from);

    private static final Map<String, Typed> BY_MESSAGE = Map.of(
            Aggregate.MESSAGE, (cluster, config) -> Aggregate.from(config),
            DynamicForward.MESSAGE, DynamicForward::from,
            DnsConfig.MESSAGE, (cluster, config) -> DnsConfig.typed(cluster, config, assignment(cluster, true)));

    private ClusterTypes() {}

    /** What is supported of the messages of cluster types. */
    public static List<SupportedFields> fields() {
        List<SupportedFields> all = new ArrayList<>();
        all.add(SupportedFields.of("envoy.config.cluster.v3.Cluster.CustomClusterType")
                .supported("name", "typed_config"));
        all.addAll(DnsConfig.FIELDS);
        all.addAll(EdsDiscovery.FIELDS);
        all.addAll(OriginalDst.FIELDS);
        all.addAll(Aggregate.FIELDS);
        all.addAll(DynamicForward.FIELDS);
        all.addAll(LoadAssignments.FIELDS);
        return all;
    }

    /** The load balancer that a cluster's type brings along (CLUSTER_PROVIDED), or null. */
    public static @Nullable LbPolicy lbOf(Discovery discovery) {
        if (discovery instanceof OriginalDst) {
            return OriginalDst.Policy.INSTANCE;
        }
        if (discovery instanceof DynamicForward) {
            return DynamicForward.Policy.INSTANCE;
        }
        return discovery instanceof Aggregate a ? new AggregatePolicy(a.clusters()) : null;
    }

    /** Where the endpoints of a {@code envoy.config.cluster.v3.Cluster} come from. */
    public static Discovery of(ConfigNode cluster) {
        ConfigNode custom = cluster.message("cluster_type");
        if (custom != null) {
            ConfigNode config = custom.message("typed_config");
            Typed typed = config == null ? null : BY_MESSAGE.get(config.messageName());
            if (typed == null || config == null) {
                throw new ConfigException("Didn't find a registered cluster factory implementation for name: '"
                        + custom.string("name") + "'");
            }
            return typed.from(cluster, config);
        }
        String name = cluster.enumName("type");
        Type type = BY_TYPE.get(name);
        if (type == null) {
            throw cluster.error("type", name + " is not supported");
        }
        return type.from(cluster);
    }

    private static LoadAssignment assignment(ConfigNode cluster, boolean namesAllowed) {
        ConfigNode assignment = cluster.message("load_assignment");
        return assignment == null ? LoadAssignment.EMPTY : LoadAssignments.from(assignment, namesAllowed);
    }
}
