package dev.mishap.control.base;

import dev.mishap.control.xds.NodeInfo;

/** What a node is, by what it says of itself. */
public enum NodeKind {
    /** An Envoy, of any build. */
    ENVOY,
    /** Our own proxy. */
    MISHAP,
    /** A gRPC client or server without a proxy. */
    GRPC;

    /** The message of our proxy's HTTP filter, which takes whole rules. */
    public static final String RULES_MESSAGE = "mishap.filters.http.fault.v1.HttpFault";

    /** That of its network filter, which takes rules about connections. */
    public static final String CONNECTION_RULES_MESSAGE = "mishap.filters.network.fault.v1.NetworkFault";

    /** That of places which stay when their rules come and go: clusters and DNS proxies. */
    private static final String DISCOVERED_RULES_MESSAGE = "mishap.rules.v1.DiscoveredRules";

    /** Whether clusters and DNS proxies of a node can be told to discover rules. */
    public static boolean discoversRules(NodeInfo node) {
        return node.extensionTypes().stream().anyMatch(type -> type.endsWith(DISCOVERED_RULES_MESSAGE));
    }

    /** The node metadata by which a bootstrap tells that it has a runtime layer for us, with the layer's name. */
    public static final String RUNTIME_FACT = "mishap.runtime_layer";

    /** Whether the routes of an Envoy can switch filters on that are off. */
    public static boolean enablesFilters(NodeInfo node) {
        return atLeast(node, 1, 30);
    }

    /** Whether faults of an Envoy's routes need filters of their own, for want of a runtime layer that ends them. */
    static boolean needsRouteFilters(NodeInfo node) {
        return enablesFilters(node)
                && node.facts().getOrDefault(RUNTIME_FACT, "").isEmpty();
    }

    /** Whether the version is not known to be older. */
    public static boolean atLeast(NodeInfo node, int major, int minor) {
        String[] parts = node.userAgentVersion().split("\\.", 3);
        try {
            int itsMajor = Integer.parseInt(parts[0]);
            return itsMajor > major || itsMajor == major && Integer.parseInt(parts[1]) >= minor;
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            return true;
        }
    }

    public static NodeKind of(NodeInfo node) {
        String agent = node.userAgent();
        if (agent.startsWith("gRPC") || agent.startsWith("grpc")) {
            return GRPC;
        }
        boolean takesRules = node.extensionTypes().stream().anyMatch(type -> type.endsWith(RULES_MESSAGE));
        return takesRules || agent.equals("mishap") ? MISHAP : ENVOY;
    }
}
