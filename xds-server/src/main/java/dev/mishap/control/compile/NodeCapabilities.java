package dev.mishap.control.compile;

import dev.mishap.control.base.NodeKind;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.rules.fault.Fault;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a node can execute, by what it says of itself. Nodes that are equal in this and have the same base and the same rules get the
 * same resources.
 *
 * @param kind what it is
 * @param version of the software; empty when not told
 * @param discoversFilters whether extension configurations (ECDS) reach it
 * @param enablesFilters whether routes can switch filters on that are off
 * @param httpFault whether it has Envoy's fault filter
 * @param runtimeLayer the runtime layer (RTDS) that it has for us; empty = none
 * @param faults the kinds that its software executes
 * @param polls whether it asks again and again (REST), so that nothing that it has can have a time to live
 */
public record NodeCapabilities(
        NodeKind kind,
        String version,
        boolean discoversFilters,
        boolean enablesFilters,
        boolean httpFault,
        String runtimeLayer,
        Set<Fault.Kind> faults,
        boolean polls) {
    public NodeCapabilities {
        faults = Set.copyOf(faults);
    }

    /** The node metadata by which a bootstrap tells that the node polls, with the cluster by which it does. */
    public static final String POLLS_FACT = "mishap.rest_cluster";
    /** The metadata that says in which namespace a node is; Istio's own is read, too. */
    public static final String NAMESPACE_FACT = "mishap.namespace";

    private static final String ISTIO_NAMESPACE = "NAMESPACE";
    private static final String DEFAULT_NAMESPACE = "default";

    public static NodeCapabilities of(NodeInfo node) {
        String layer = node.facts().getOrDefault(NodeKind.RUNTIME_FACT, "");
        boolean polls = !node.facts().getOrDefault(POLLS_FACT, "").isEmpty();
        return switch (NodeKind.of(node)) {
            case MISHAP ->
                new NodeCapabilities(
                        NodeKind.MISHAP, node.userAgentVersion(), true, true, true, layer, faults(node), polls);
            case GRPC ->
                new NodeCapabilities(
                        NodeKind.GRPC,
                        node.userAgentVersion(),
                        false,
                        false,
                        true,
                        "",
                        EnumSet.of(Fault.Kind.ABORT, Fault.Kind.DELAY),
                        false);
            case ENVOY ->
                new NodeCapabilities(
                        NodeKind.ENVOY,
                        node.userAgentVersion(),
                        NodeKind.atLeast(node, 1, 20),
                        NodeKind.enablesFilters(node),
                        node.extensions().isEmpty() || node.extensions().contains("envoy.filters.http.fault"),
                        layer,
                        EnumSet.of(Fault.Kind.ABORT, Fault.Kind.DELAY, Fault.Kind.RESPONSE_RATE_LIMIT),
                        polls);
        };
    }

    /** Whether all faults of the node end without this server, by a time to live. */
    public boolean endsByItself() {
        return !polls
                && switch (kind) {
                    case MISHAP -> true;
                    case GRPC -> false;
                    case ENVOY -> enablesFilters || !runtimeLayer.isEmpty();
                };
    }

    /** Our proxy names them among its extensions. */
    private static Set<Fault.Kind> faults(NodeInfo node) {
        Set<Fault.Kind> faults = EnumSet.noneOf(Fault.Kind.class);
        for (Fault.Kind kind : Fault.Kind.values()) {
            if (node.extensions().contains(kind.field())) {
                faults.add(kind);
            }
        }
        return faults;
    }

    /** The namespace whose rules a node gets. */
    public static String namespace(NodeInfo node) {
        Map<String, String> facts = node.facts();
        return facts.getOrDefault(NAMESPACE_FACT, facts.getOrDefault(ISTIO_NAMESPACE, DEFAULT_NAMESPACE));
    }

    /** The labels of a node: {@code labels} of its metadata, or Istio's {@code LABELS}. */
    static Map<String, String> labels(NodeInfo node) {
        Map<String, String> labels = new TreeMap<>();
        node.facts().forEach((path, value) -> {
            for (String prefix : new String[] {"LABELS.", "labels."}) {
                if (path.startsWith(prefix)) {
                    labels.put(path.substring(prefix.length()), value);
                }
            }
        });
        return labels;
    }

    static String locality(NodeInfo node) {
        return node.region() + '/' + node.zone() + '/' + node.subZone();
    }
}
