package dev.mishap.proxy.http;

import org.jspecify.annotations.Nullable;

/** Finds the route of a request: the route table as the connection manager sees it. Immutable. */
@FunctionalInterface
public interface RouteResolver {
    /** The route for the request as its headers are now, with weighted clusters drawn; null when none matches. */
    @Nullable
    SelectedRoute select(HttpStream stream);
}
