package dev.mishap.rules;

import dev.mishap.rules.match.Cidr;
import dev.mishap.rules.match.HeaderMatcher;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A compiled {@link Scope}, without its cohort. Safe for many threads; makes no garbage but for a source range. */
public final class ScopeMatcher {
    private static final String[] ANY = {};
    static final String NODE_HEADER = "x-envoy-downstream-service-node";

    private final String[] listeners;
    private final String[] clusters;
    private final String[] routes;
    private final String[] methods;
    private final @Nullable Predicate<String> path;
    private final int[] headerSlots;
    private final List<Predicate<@Nullable String>> headers;
    private final Cidr.Range[] cidrs;
    private final String[] nodes;
    private final int nodeSlot;

    private ScopeMatcher(Scope scope, HeaderSlots slots) {
        listeners = scope.listeners().toArray(ANY);
        clusters = scope.clusters().toArray(ANY);
        routes = scope.routes().toArray(ANY);
        methods = scope.methods().toArray(ANY);
        path = scope.path() == null ? null : scope.path().compile();
        headerSlots =
                scope.headers().stream().mapToInt(h -> slots.slot(h.name())).toArray();
        headers = scope.headers().stream().map(HeaderMatcher::compile).toList();
        cidrs = scope.source().cidrs().stream().map(Cidr::compile).toArray(Cidr.Range[]::new);
        nodes = scope.source().nodes().toArray(ANY);
        nodeSlot = nodes.length == 0 ? -1 : slots.slot(NODE_HEADER);
    }

    public static ScopeMatcher compile(Scope scope, HeaderSlots slots) {
        return new ScopeMatcher(scope, slots);
    }

    public boolean matches(RequestView request) {
        return among(listeners, request.listener())
                && among(methods, request.method())
                && (path == null || path.test(request.path()))
                && headersMatch(request)
                && (nodes.length == 0 || among(nodes, request.header(nodeSlot)))
                && among(routes, request.route())
                && among(clusters, request.cluster())
                && sourceMatches(request);
    }

    private boolean headersMatch(RequestView request) {
        for (int i = 0; i < headerSlots.length; i++) {
            if (!headers.get(i).test(request.header(headerSlots[i]))) {
                return false;
            }
        }
        return true;
    }

    private boolean sourceMatches(RequestView request) {
        if (cidrs.length == 0) {
            return true;
        }
        InetAddress source = request.sourceAddress();
        if (source == null) {
            return false;
        }
        byte[] address = source.getAddress();
        for (Cidr.Range cidr : cidrs) {
            if (cidr.contains(address)) {
                return true;
            }
        }
        return false;
    }

    private static boolean among(String[] names, @Nullable String name) {
        if (names.length == 0) {
            return true;
        }
        if (name != null) {
            for (String candidate : names) {
                if (candidate.equals(name)) {
                    return true;
                }
            }
        }
        return false;
    }
}
