package dev.mishap.proxy.filter.http.headermutation;

import dev.mishap.proxy.filter.http.headermutation.Mutations.Action;
import dev.mishap.proxy.filter.http.headermutation.Mutations.QueryMutation;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.InvalidValues;
import dev.mishap.proxy.http.QueryParameters;
import dev.mishap.proxy.observe.log.SubstitutionFormatter;
import dev.mishap.proxy.route.HeaderMutations;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Applies the filter's own mutations, then those of every level of the route. */
final class HeaderMutationFilter implements HttpFilter {
    private final String name;
    private final Mutations own;
    private final boolean mostSpecificWins;
    private @Nullable List<Object> perRoute;

    HeaderMutationFilter(String name, Mutations own, boolean mostSpecificWins) {
        this.name = name;
        this.own = own;
        this.mostSpecificWins = mostSpecificWins;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        List<Object> levels = levels(stream);
        request(stream, headers, own);
        for (int i = 0; i < levels.size(); i++) {
            if (level(levels, i) instanceof Mutations m) {
                request(stream, headers, m);
            }
        }
        return Mutations.changesQuery(own, levels) ? InvalidValues.check(stream, headers) : Flow.CONTINUE;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        // A local reply of a filter before this one comes here although the request never did.
        List<Object> levels = levels(stream);
        response(stream, headers, own);
        for (int i = 0; i < levels.size(); i++) {
            if (level(levels, i) instanceof Mutations m) {
                response(stream, headers, m);
            }
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onRequestTrailers(HttpStream stream, HeaderMap trailers) {
        trailers(own.requestTrailers(), stream, trailers, null);
        List<Object> levels = levels(stream);
        for (int i = 0; i < levels.size(); i++) {
            if (level(levels, i) instanceof Mutations m) {
                trailers(m.requestTrailers(), stream, trailers, null);
            }
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        HeaderMap headers = stream.responseHeaders();
        trailers(own.responseTrailers(), stream, trailers, headers);
        List<Object> levels = levels(stream);
        for (int i = 0; i < levels.size(); i++) {
            if (level(levels, i) instanceof Mutations m) {
                trailers(m.responseTrailers(), stream, trailers, headers);
            }
        }
        return Flow.CONTINUE;
    }

    private static void trailers(
            List<HeaderMutations> all, HttpStream stream, HeaderMap trailers, @Nullable HeaderMap response) {
        for (int i = 0; i < all.size(); i++) {
            all.get(i).applyToTrailers(trailers, stream, response);
        }
        InvalidValues.leaveOut(trailers);
    }

    private List<Object> levels(HttpStream stream) {
        List<Object> levels = perRoute;
        if (levels == null) {
            levels = stream.perFilterConfigs(name);
            perRoute = levels;
        }
        return levels;
    }

    /** The most specific level comes first, unless it is to have the last word. */
    private Object level(List<Object> levels, int i) {
        return levels.get(mostSpecificWins ? levels.size() - 1 - i : i);
    }

    private static void request(HttpStream stream, HeaderMap headers, Mutations mutations) {
        List<HeaderMutations> all = mutations.request();
        for (int i = 0; i < all.size(); i++) {
            all.get(i).apply(headers, stream, null);
        }
        String target = mutations.query().isEmpty() ? null : headers.get(HeaderName.PATH);
        if (target != null) {
            QueryParameters query = new QueryParameters(target);
            for (QueryMutation mutation : mutations.query()) {
                apply(mutation, query, stream);
            }
            headers.set(HeaderName.PATH, query.target());
        }
    }

    private static void apply(QueryMutation mutation, QueryParameters query, HttpStream stream) {
        SubstitutionFormatter format = mutation.value();
        if (format == null) {
            query.remove(mutation.name());
            return;
        }
        boolean exists = query.contains(mutation.name());
        Action action = mutation.action();
        if (action == Action.ADD_IF_ABSENT && exists || action == Action.OVERWRITE_IF_EXISTS && !exists) {
            return;
        }
        StringBuilder text = new StringBuilder();
        format.format(stream.info(), stream.requestHeaders(), null, null, text);
        String value = QueryParameters.encode(text.toString());
        if (action == Action.APPEND_IF_EXISTS_OR_ADD) {
            query.add(mutation.name(), value);
        } else {
            query.set(mutation.name(), value);
        }
    }

    private static void response(HttpStream stream, HeaderMap headers, Mutations mutations) {
        List<HeaderMutations> all = mutations.response();
        for (int i = 0; i < all.size(); i++) {
            all.get(i).apply(headers, stream, headers);
        }
    }
}
