package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.SubstitutionFormatter;
import dev.mishap.proxy.route.match.RegexSubstitution;
import org.jspecify.annotations.Nullable;

/**
 * A change of the request's host. At most one of the four is given.
 *
 * @param literal the new host, or null
 * @param header the request header that tells it, or null; without that header the host stays
 * @param pathRegex what makes it out of the path without its query, or null
 * @param format what makes it out of the request, or null
 */
record HostRewrite(
        @Nullable String literal,
        @Nullable HeaderName header,
        @Nullable RegexSubstitution pathRegex,
        @Nullable SubstitutionFormatter format) {
    /** The new host; null or empty when it stays. */
    @Nullable
    String host(HeaderMap request, StreamInfo info) {
        if (format != null) {
            StringBuilder host = new StringBuilder();
            format.format(info, request, null, null, host);
            return host.toString();
        }
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
