package dev.mishap.proxy.http;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the route of a request: the route table as the connection manager sees it. Immutable. */
@FunctionalInterface
public interface RouteResolver {
    /** The route for the request as its headers are now, with weighted clusters drawn; null when none matches. */
    @Nullable
    SelectedRoute select(HttpStream stream);

    /** Headers that only a request from inside may bring ({@code internal_only_headers}); mostly none. */
    default List<HeaderName> internalOnlyHeaders(HttpStream stream) {
        return List.of();
    }

    /**
     * Fetches what a request without a route may lack.
     *
     * @param done runs on the stream's loop, later than this returns, when there is more to know or nothing more will be
     * @return the wait, or null when there is nothing to fetch
     */
    default @Nullable PendingRoute fetch(HttpStream stream, Runnable done) {
        return null;
    }
}
