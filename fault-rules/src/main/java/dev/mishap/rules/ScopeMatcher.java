package dev.mishap.rules;

import dev.mishap.rules.match.Cidr;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
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
    private final @Nullable Predicate<String> sni;
    private final Cidr.Range[] destinations;
    private final int[] ports;
    private final @Nullable Predicate<String> question;
    private final String[] types;
    private final Cidr.Range[] endpointRanges;
    private final int[] endpointPorts;
    private final String[][] localities;
    private final String[] labels;
    private final String[] labelValues;

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
        sni = scope.sni() == null ? null : scope.sni().compile();
        destinations = scope.destination().cidrs().stream().map(Cidr::compile).toArray(Cidr.Range[]::new);
        ports = scope.destination().ports().stream().mapToInt(Integer::intValue).toArray();
        StringMatcher name = scope.question().name();
        question = name == null ? null : name.compile();
        types = scope.question().types().toArray(ANY);
        Endpoints to = scope.endpoints();
        endpointRanges = to.cidrs().stream().map(Cidr::compile).toArray(Cidr.Range[]::new);
        endpointPorts = to.ports().stream().mapToInt(Integer::intValue).toArray();
        localities = to.localities().stream().map(l -> l.split("/", -1)).toArray(String[][]::new);
        labels = to.labels().keySet().toArray(ANY);
        labelValues = to.labels().values().toArray(ANY);
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
                && within(cidrs, request.sourceAddress());
    }

    /** Whether a connection is in the scope. */
    public boolean matches(ConnectionView connection) {
        return among(listeners, connection.listener())
                && among(clusters, connection.cluster())
                && portMatches(ports, connection.destinationPort())
                && (sni == null || connection.serverName() != null && sni.test(connection.serverName()))
                && within(cidrs, connection.sourceAddress())
                && within(destinations, connection.destinationAddress());
    }

    /** Whether a DNS question is in the scope. */
    public boolean matches(QuestionView asked) {
        return among(listeners, asked.listener())
                && among(clusters, asked.cluster())
                && among(types, asked.type())
                && (question == null || question.test(asked.name()))
                && within(cidrs, asked.sourceAddress());
    }

    /** Whether one of the proxy's own connections is in the scope. */
    public boolean matches(UpstreamView connection) {
        return among(clusters, connection.cluster())
                && portMatches(endpointPorts, connection.port())
                && within(endpointRanges, connection.address())
                && localityMatches(connection)
                && labelsMatch(connection);
    }

    private boolean localityMatches(UpstreamView at) {
        for (String[] parts : localities) {
            if (parts[0].equals(at.region())
                    && (parts.length < 2 || parts[1].equals(at.zone()))
                    && (parts.length < 3 || parts[2].equals(at.subZone()))) {
                return true;
            }
        }
        return localities.length == 0;
    }

    private boolean labelsMatch(UpstreamView at) {
        for (int i = 0; i < labels.length; i++) {
            if (!labelValues[i].equals(at.label(labels[i]))) {
                return false;
            }
        }
        return true;
    }

    private static boolean portMatches(int[] ports, int port) {
        for (int candidate : ports) {
            if (candidate == port) {
                return true;
            }
        }
        return ports.length == 0;
    }

    private boolean headersMatch(RequestView request) {
        for (int i = 0; i < headerSlots.length; i++) {
            if (!headers.get(i).test(request.header(headerSlots[i]))) {
                return false;
            }
        }
        return true;
    }

    private static boolean within(Cidr.Range[] ranges, @Nullable InetAddress address) {
        if (ranges.length == 0) {
            return true;
        }
        if (address == null) {
            return false;
        }
        byte[] bytes = address.getAddress();
        for (Cidr.Range range : ranges) {
            if (range.contains(bytes)) {
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
