package dev.mishap.proxy.route;

import dev.mishap.proxy.http.RouteTracing;
import dev.mishap.proxy.route.match.PathMatcher;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy;
import java.util.List;
import java.util.Map;

/** The route of a request without TLS to a virtual host that requires it: 301 to the same URL with https. */
final class TlsRedirect {
    static final RouteEntry ROUTE = new RouteEntry(
            new Route(
                    "",
                    new VirtualHost("", VirtualHost.TlsRequirement.NONE, List.of(), Map.of()),
                    new RouteMatch(
                            false,
                            PathMatcher.prefix("", false),
                            List.of(),
                            List.of(),
                            List.of(),
                            null,
                            false,
                            List.of(),
                            List.of(),
                            null),
                    new RedirectAction(301, "https", null, 0, null, null, null, false, true),
                    null,
                    Map.of(),
                    RouteTracing.NONE,
                    null),
            null,
            new RouteEntry.Levels(
                    List.of(),
                    List.of(),
                    Map.of(),
                    List.of(),
                    RateLimitPolicy.EMPTY,
                    RateLimitPolicy.EMPTY,
                    false,
                    null));

    private TlsRedirect() {}
}
