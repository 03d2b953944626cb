package dev.mishap.rules;

import dev.mishap.rules.fault.Fault;
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
        Question question) {
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

    public Scope withHeaders(List<HeaderMatcher> matchers) {
        return new Scope(
                listeners, clusters, routes, methods, path, matchers, source, cohort, sni, destination, question);
    }

    public Scope withCohort(Cohort c) {
        return new Scope(listeners, clusters, routes, methods, path, headers, source, c, sni, destination, question);
    }

    /**
     * Checks that the scope speaks of what the fault acts on.
     *
     * @throws IllegalArgumentException naming the fields that do not
     */
    public void requireFit(Fault fault) {
        Fault.Plane plane = fault.kind().plane();
        List<String> unfit = unfit(plane);
        if (!unfit.isEmpty()) {
            throw new IllegalArgumentException(String.join(", ", unfit) + " cannot be told of " + plane.words()
                    + ", which " + fault.kind().field() + " acts on");
        }
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
