package dev.mishap.proxy.filter.http.apikeyauth;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
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

    /** The value of the first parameter of that name, decoded, or null. */
    private static @Nullable String parameter(@Nullable String target, String name) {
        int query = target == null ? -1 : target.indexOf('?');
        if (target == null || query < 0) {
            return null;
        }
        for (String pair : target.substring(query + 1).split("&")) {
            int equals = pair.indexOf('=');
            if (decode(equals < 0 ? pair : pair.substring(0, equals)).equals(name)) {
                return equals < 0 ? "" : decode(pair.substring(equals + 1));
            }
        }
        return null;
    }

    /** Sequences that are not two hex digits stay as they are; a char is a byte. */
    private static String decode(String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int high = c == '%' && i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
            int low = high < 0 ? -1 : Character.digit(text.charAt(i + 2), 16);
            out.append(low < 0 ? c : (char) (high << 4 | low));
            i += low < 0 ? 0 : 2;
        }
        return out.toString();
    }
}
