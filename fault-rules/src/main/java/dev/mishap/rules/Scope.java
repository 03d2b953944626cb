package dev.mishap.rules;

import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
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
 */
public record Scope(
        List<String> listeners,
        List<String> clusters,
        List<String> routes,
        List<String> methods,
        @Nullable StringMatcher path,
        List<HeaderMatcher> headers,
        Source source,
        Cohort cohort) {
    public static final Scope ANY =
            new Scope(List.of(), List.of(), List.of(), List.of(), null, List.of(), Source.ANY, Cohort.ALL);

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
        return new Scope(listeners, clusters, routes, methods, path, matchers, source, cohort);
    }

    public Scope withCohort(Cohort c) {
        return new Scope(listeners, clusters, routes, methods, path, headers, source, c);
    }
}
