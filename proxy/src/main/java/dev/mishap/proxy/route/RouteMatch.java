package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.Upgrades;
import dev.mishap.proxy.route.match.CookieMatcher;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.route.match.MetadataMatcher;
import dev.mishap.proxy.route.match.PathMatcher;
import dev.mishap.proxy.route.match.QueryParameterMatcher;
import dev.mishap.proxy.route.match.RuntimeFraction;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a request must be like for a route; all of it must hold.
 *
 * @param connect whether the route is for CONNECT requests, which have no path, and for no others
 * @param grpc whether only gRPC requests match
 * @param tls what the client's certificate must be like, or null
 */
record RouteMatch(
        boolean connect,
        PathMatcher path,
        List<HeaderMatcher> headers,
        List<QueryParameterMatcher> queryParameters,
        List<CookieMatcher> cookies,
        @Nullable RuntimeFraction fraction,
        boolean grpc,
        List<MetadataMatcher> dynamicMetadata,
        List<FilterStateMatch> filterState,
        @Nullable TlsMatch tls) {

    /**
     * Whether the request matches.
     *
     * @param paths where the path to be matched is entry {@code pathIndex} and ends at {@code pathEnd}: the request, or a copy of its
     *     target without what is not to be matched
     * @param random the request's draw
     */
    boolean matches(HttpStream stream, HeaderMap request, HeaderMap paths, int pathIndex, int pathEnd, long random) {
        if (fraction != null && !fraction.includes(stream.runtime(), random)) {
            return false;
        }
        if (tls != null && !tls.matches(stream.info())) {
            return false;
        }
        if (grpc && !stream.isGrpcRequest()) {
            return false;
        }
        boolean matches =
                connect ? Upgrades.isConnect(request) : pathIndex >= 0 && path.matches(paths, pathIndex, pathEnd);
        return matches
                && HeaderMatcher.allMatch(headers, request)
                && (queryParameters.isEmpty()
                        || pathIndex >= 0 && QueryParameterMatcher.allMatch(queryParameters, paths, pathIndex, pathEnd))
                && CookieMatcher.allMatch(cookies, request)
                && MetadataMatcher.allMatch(dynamicMetadata, stream.info())
                && FilterStateMatch.allMatch(filterState, stream);
    }
}
