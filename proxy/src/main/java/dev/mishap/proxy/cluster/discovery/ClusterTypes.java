package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Discovery;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.Map;

/** The cluster types by their name in {@code Cluster.type}. */
public final class ClusterTypes {
    /** A type: reads what is its own of a {@code envoy.config.cluster.v3.Cluster}. */
    private interface Type {
        Discovery from(ConfigNode cluster);
    }

    private static final Map<String, Type> BY_TYPE = Map.of(
            "STATIC", c -> new StaticDiscovery(assignment(c, false)),
            "STRICT_DNS", c -> DnsConfig.from(c, assignment(c, true), false),
            "LOGICAL_DNS", c -> DnsConfig.from(c, assignment(c, true), true));

    private ClusterTypes() {}

    /** Where the endpoints of a {@code envoy.config.cluster.v3.Cluster} come from. */
    public static Discovery of(ConfigNode cluster) {
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
