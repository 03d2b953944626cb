package dev.mishap.rules;

import dev.mishap.rules.fault.Close;
import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.fault.ConnectionReset;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Refuse;
import dev.mishap.rules.fault.Side;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which requests a rule is about. All conditions must hold; in a list of names one must. Empty = any.
 *
 * @param listeners names of listeners
 * @param clusters names of the clusters that the request would go to
 * @param routes names of routes
 * @param methods request methods, upper case
 * @param path tests the path without its query
 * @param headers all must hold
 * @param cohort who may be touched, of those for whom the rest holds
 * @param sni tests the server name of a connection's TLS ClientHello; a connection without one fails it
 * @param destination where a connection was meant to go
 * @param question what is asked of DNS
 * @param endpoints where a connection of the proxy goes; a rule that names some acts on the connections upstream
 */
public record Scope(
        List<String> listeners,
        List<String> clusters,
        List<String> routes,
        List<String> methods,
        @Nullable StringMatcher path,
        List<HeaderMatcher> headers,
        Source source,
        Cohort cohort,
        @Nullable StringMatcher sni,
        Destination destination,
        Question question,
        Endpoints endpoints) {
    public static final Scope ANY =
            new Scope(List.of(), List.of(), List.of(), List.of(), null, List.of(), Source.ANY, Cohort.ALL);

    /** A scope of HTTP requests. */
    public Scope(
            List<String> listeners,
            List<String> clusters,
            List<String> routes,
            List<String> methods,
            @Nullable StringMatcher path,
            List<HeaderMatcher> headers,
            Source source,
            Cohort cohort) {
        this(listeners, clusters, routes, methods, path, headers, source, cohort, null, Destination.ANY, Question.ANY);
    }

    /** A scope that names no endpoints. */
    public Scope(
            List<String> listeners,
            List<String> clusters,
            List<String> routes,
            List<String> methods,
            @Nullable StringMatcher path,
            List<HeaderMatcher> headers,
            Source source,
            Cohort cohort,
            @Nullable StringMatcher sni,
            Destination destination,
            Question question) {
        this(
                listeners,
                clusters,
                routes,
                methods,
                path,
                headers,
                source,
                cohort,
                sni,
                destination,
                question,
                Endpoints.ANY);
    }

    public Scope {
        listeners = List.copyOf(listeners);
        clusters = List.copyOf(clusters);
        routes = List.copyOf(routes);
        methods = List.copyOf(methods);
        headers = List.copyOf(headers);
        for (String method : methods) {
            if (!HeaderMatcher.isHeaderName(method) || method.startsWith(":")) {
                throw new IllegalArgumentException("methods must be request methods, got '" + method + "'");
            }
        }
    }

    public Scope withListeners(List<String> names) {
        return new Scope(
                names, clusters, routes, methods, path, headers, source, cohort, sni, destination, question, endpoints);
    }

    public Scope withHeaders(List<HeaderMatcher> matchers) {
        return new Scope(
                listeners,
                clusters,
                routes,
                methods,
                path,
                matchers,
                source,
                cohort,
                sni,
                destination,
                question,
                endpoints);
    }

    public Scope withEndpoints(Endpoints to) {
        return new Scope(
                listeners, clusters, routes, methods, path, headers, source, cohort, sni, destination, question, to);
    }

    public Scope withCohort(Cohort c) {
        return new Scope(
                listeners, clusters, routes, methods, path, headers, source, c, sni, destination, question, endpoints);
    }

    /**
     * Checks that the scope speaks of what the fault acts on.
     *
     * @throws IllegalArgumentException naming the fields that do not
     */
    public void requireFit(Fault fault) {
        Fault.Plane plane = fault.kind().plane();
        boolean upstream = isUpstream(fault);
        List<String> unfit = upstream ? unfitUpstream() : unfit(plane);
        if (!unfit.isEmpty()) {
            throw new IllegalArgumentException(String.join(", ", unfit) + " cannot be told of "
                    + (upstream ? "a connection upstream" : plane.words())
                    + ", which " + fault.kind().field() + " acts on");
        }
        if (upstream && !mayBeUpstream((ConnectionFault) fault)) {
            throw new IllegalArgumentException("scope.endpoints is of connections upstream, on which "
                    + fault.kind().field()
                    + (fault instanceof Refuse || fault instanceof Close || fault instanceof ConnectionReset
                            ? " acts with 'side: upstream' only"
                            : " cannot act"));
        }
    }

    /** Whether a rule with this scope and fault acts on the proxy's connections to endpoints, not on those of clients. */
    public boolean isUpstream(Fault fault) {
        return fault instanceof ConnectionFault c && (c.side() == Side.UPSTREAM || !endpoints.equals(Endpoints.ANY));
    }

    private static boolean mayBeUpstream(ConnectionFault fault) {
        return fault.side() == Side.UPSTREAM
                || switch (fault.kind()) {
                    case CONNECT_DELAY, LATENCY, BANDWIDTH, SLICE, LIMIT_DATA, CORRUPT, SLOW_CLOSE -> true;
                    default -> false;
                };
    }

    private List<String> unfitUpstream() {
        List<String> fields = unfit(Fault.Plane.CONNECTION);
        note(fields, "listeners", !listeners.isEmpty());
        note(fields, "sni", sni != null);
        note(fields, "source", !source.equals(Source.ANY));
        note(fields, "destination", !destination.equals(Destination.ANY));
        note(fields, "cohort", !cohort.percent().isFull());
        return fields;
    }

    private List<String> unfit(Fault.Plane plane) {
        List<String> fields = new ArrayList<>();
        if (plane != Fault.Plane.REQUEST) {
            note(fields, "routes", !routes.isEmpty());
            note(fields, "methods", !methods.isEmpty());
            note(fields, "path", path != null);
            note(fields, "headers", !headers.isEmpty());
            note(fields, "source.nodes", !source.nodes().isEmpty());
        }
        if (plane != Fault.Plane.CONNECTION) {
            note(fields, "sni", sni != null);
            note(fields, "destination", !destination.equals(Destination.ANY));
            note(fields, "endpoints", !endpoints.equals(Endpoints.ANY));
        }
        if (plane != Fault.Plane.DNS) {
            note(fields, "question", !question.equals(Question.ANY));
        }
        return fields;
    }

    private static void note(List<String> fields, String field, boolean set) {
        if (set) {
            fields.add("scope." + field);
        }
    }
}
