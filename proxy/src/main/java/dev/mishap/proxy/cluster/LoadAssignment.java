package dev.mishap.proxy.cluster;

import java.util.List;

/**
 * {@code envoy.config.endpoint.v3.ClusterLoadAssignment}, translated.
 *
 * @param clusterName {@code cluster_name}
 * @param groups {@code endpoints}
 * @param policy {@code policy}
 */
public record LoadAssignment(String clusterName, List<Group> groups, Policy policy) {
    public static final LoadAssignment EMPTY = new LoadAssignment("", List.of(), Policy.DEFAULT);

    public LoadAssignment {
        groups = List.copyOf(groups);
    }

    /** An assignment of one group without locality. */
    public static LoadAssignment of(List<EndpointConfig> endpoints) {
        return new LoadAssignment("", List.of(new Group(Locality.NONE, 0, 0, endpoints)), Policy.DEFAULT);
    }

    /** All endpoints, in order. */
    public List<EndpointConfig> endpoints() {
        return groups.stream().flatMap(g -> g.endpoints().stream()).toList();
    }

    /**
     * {@code LocalityLbEndpoints}.
     *
     * @param locality where the endpoints are
     * @param priority 0 is used first
     * @param weight {@code load_balancing_weight} of the locality; 0 = none given
     * @param endpoints in order
     */
    public record Group(Locality locality, int priority, int weight, List<EndpointConfig> endpoints) {
        public Group {
            endpoints = List.copyOf(endpoints);
        }
    }

    /**
     * {@code ClusterLoadAssignment.Policy}.
     *
     * @param overprovisioningPercent {@code overprovisioning_factor}, &gt; 0; default 140
     * @param weightedPriorityHealth whether the health of a priority is judged by weights instead of numbers
     * @param staleAfterNanos {@code endpoint_stale_after}; 0 = never
     * @param dropPartsPerMillion {@code drop_overloads}: this share of the requests is answered 503 instead of being forwarded
     * @param dropCategory why, for load reports
     */
    public record Policy(
            int overprovisioningPercent,
            boolean weightedPriorityHealth,
            long staleAfterNanos,
            long dropPartsPerMillion,
            String dropCategory) {
        public static final Policy DEFAULT = new Policy(140, false, 0, 0, "");
    }
}
