package dev.mishap.proxy.filter.http.dynamicforward;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.WireText;
import org.jspecify.annotations.Nullable;

/**
 * {@code PerRouteConfig}: the host that takes the place of the request's.
 *
 * @param literal the host, or null
 * @param header the request's header that names it, or null
 */
record HostRewrite(@Nullable String literal, @Nullable HeaderName header) {
    static HostRewrite from(ConfigNode node) {
        String literal = node.string("host_rewrite_literal");
        String header = node.string("host_rewrite_header");
        return new HostRewrite(
                literal.isEmpty() ? null : WireText.encode(literal), header.isEmpty() ? null : HeaderName.of(header));
    }

    void apply(HeaderMap request) {
        String host = header == null ? literal : request.get(header);
        if (host != null && !host.isEmpty()) {
            request.set(HeaderName.AUTHORITY, host);
        }
    }
}
