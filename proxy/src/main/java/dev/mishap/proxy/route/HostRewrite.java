package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.match.RegexSubstitution;
import org.jspecify.annotations.Nullable;

/**
 * A change of the request's host. At most one of the three is given.
 *
 * @param literal the new host, or null
 * @param header the request header that tells it, or null; without that header the host stays
 * @param pathRegex what makes it out of the path without its query, or null
 */
record HostRewrite(
        @Nullable String literal,
        @Nullable HeaderName header,
        @Nullable RegexSubstitution pathRegex) {
    /** The new host; null or empty when it stays. */
    @Nullable
    String host(HeaderMap request) {
        if (literal != null) {
            return literal;
        }
        if (header != null) {
            return request.get(header);
        }
        String target = request.get(HeaderName.PATH);
        return pathRegex == null || target == null ? null : pathRegex.apply(target.substring(0, Paths.pathEnd(target)));
    }
}
