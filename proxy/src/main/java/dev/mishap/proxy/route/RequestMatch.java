package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;

/** An {@code envoy.config.route.v3.RouteMatch} that stands outside a route table, for filters. Immutable. */
public final class RequestMatch {
    private final RouteMatch match;

    private RequestMatch(RouteMatch match) {
        this.match = match;
    }

    public static RequestMatch from(ConfigNode node) {
        return new RequestMatch(RouteMatchConfig.from(node));
    }

    /** Whether the request matches; {@code random} is its draw. */
    public boolean matches(HttpStream stream, long random) {
        HeaderMap request = stream.requestHeaders();
        int path = request.indexOf(HeaderName.PATH);
        return path >= 0 && match.matches(stream, request, request, path, Paths.pathEnd(request, path), random);
    }
}
