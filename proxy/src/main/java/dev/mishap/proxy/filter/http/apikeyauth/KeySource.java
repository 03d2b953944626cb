package dev.mishap.proxy.filter.http.apikeyauth;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.QueryParameters;
import dev.mishap.proxy.http.RequestCookies;
import dev.mishap.proxy.http.WireText;
import org.jspecify.annotations.Nullable;

/**
 * A place of a request where its key may be: one of the three.
 *
 * @param header null when it is another place
 * @param query a parameter of the target, {@code ""} when it is another place
 * @param cookie {@code ""} when it is another place
 */
record KeySource(@Nullable HeaderName header, String query, String cookie) {
    private static final String BEARER = "Bearer ";

    static KeySource from(ConfigNode node) {
        String header = node.string("header");
        String query = WireText.encode(node.string("query"));
        String cookie = WireText.encode(node.string("cookie"));
        if (!header.isEmpty()) {
            return new KeySource(HeaderName.of(header), "", "");
        }
        if (!query.isEmpty()) {
            return new KeySource(null, query, "");
        }
        if (cookie.isEmpty()) {
            throw new ConfigException("One of 'header'/'query'/'cookie' must be set.");
        }
        return new KeySource(null, "", cookie);
    }

    /** The key that a request has here, {@code ""} for none. */
    String key(HeaderMap request) {
        String value;
        if (header != null) {
            value = request.get(header);
            if (value != null && value.startsWith(BEARER)) {
                value = value.substring(BEARER.length());
            }
        } else if (!query.isEmpty()) {
            value = parameter(request.get(HeaderName.PATH), query);
        } else {
            value = RequestCookies.value(request, cookie);
        }
        return value == null ? "" : value;
    }

    /** Takes the key out of a request. */
    void hide(HeaderMap request) {
        if (header != null) {
            request.remove(header);
        } else if (!query.isEmpty()) {
            String target = request.get(HeaderName.PATH);
            QueryParameters parameters = target == null || target.indexOf('?') < 0 ? null : new QueryParameters(target);
            if (parameters != null && parameters.contains(query)) {
                parameters.remove(query);
                request.set(HeaderName.PATH, parameters.target());
            }
        } else {
            RequestCookies.remove(request, cookie);
        }
    }

    /** The value of the first parameter of that name, decoded, or null. */
    private static @Nullable String parameter(@Nullable String target, String name) {
        return target == null || target.indexOf('?') < 0 ? null : new QueryParameters(target).first(name);
    }
}
