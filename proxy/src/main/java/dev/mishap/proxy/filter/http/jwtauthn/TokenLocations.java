package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a provider's tokens are in a request.
 *
 * @param headers the default is {@code authorization} with {@code Bearer}, when nothing else is said
 * @param params query parameters; the default is {@code access_token}
 */
record TokenLocations(List<InHeader> headers, List<String> params, List<String> cookies) {
    /** A header, and what its value has before the token. */
    record InHeader(HeaderName name, String prefix) {}

    /**
     * A token and where it was.
     *
     * @param header null when it was not in a header of its own
     * @param param null when it was not in the query
     */
    record Found(
            String token,
            @Nullable HeaderName header,
            @Nullable String param) {}

    private static final HeaderName AUTHORIZATION = HeaderName.of("authorization");
    private static final HeaderName COOKIE = HeaderName.of("cookie");
    private static final String TOKEN_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

    static TokenLocations from(ConfigNode provider) {
        List<InHeader> headers = new ArrayList<>();
        for (ConfigNode header : provider.messages("from_headers")) {
            headers.add(new InHeader(HeaderName.of(header.string("name")), header.string("value_prefix")));
        }
        List<String> params = provider.strings("from_params");
        List<String> cookies = provider.strings("from_cookies");
        if (headers.isEmpty() && params.isEmpty() && cookies.isEmpty()) {
            return new TokenLocations(
                    List.of(new InHeader(AUTHORIZATION, "Bearer ")), List.of("access_token"), List.of());
        }
        return new TokenLocations(List.copyOf(headers), params, cookies);
    }

    void find(HeaderMap request, List<Found> found) {
        for (InHeader location : headers) {
            String value = joined(request, location.name);
            int prefix = value == null ? -1 : value.indexOf(location.prefix);
            if (prefix >= 0 && value != null) {
                found.add(new Found(
                        token(value.substring(prefix + location.prefix.length()), location.prefix),
                        location.name,
                        null));
            }
        }
        String target = params.isEmpty() ? null : request.get(HeaderName.PATH);
        for (String param : params) {
            String value = target == null ? null : QueryParams.get(target, param);
            if (value != null) {
                found.add(new Found(value, null, param));
            }
        }
        for (String cookie : cookies) {
            String value = cookie(request, cookie);
            if (value != null) {
                found.add(new Found(value, null, null));
            }
        }
    }

    /** After a prefix that ends with a blank, or none, all that is left is the token; else what looks like one. */
    private static String token(String rest, String prefix) {
        if (prefix.isEmpty() || prefix.endsWith(" ")) {
            return rest.trim();
        }
        int start = 0;
        while (start < rest.length() && TOKEN_CHARACTERS.indexOf(rest.charAt(start)) < 0) {
            start++;
        }
        int end = start;
        while (end < rest.length() && TOKEN_CHARACTERS.indexOf(rest.charAt(end)) >= 0) {
            end++;
        }
        return rest.substring(start, end);
    }

    private static @Nullable String joined(HeaderMap headers, HeaderName name) {
        int i = headers.indexOf(name);
        if (i < 0) {
            return null;
        }
        String value = headers.value(i);
        for (int next = headers.indexOf(name, i + 1); next >= 0; next = headers.indexOf(name, next + 1)) {
            value = value + "," + headers.value(next);
        }
        return value;
    }

    private static @Nullable String cookie(HeaderMap headers, String wanted) {
        for (int i = headers.indexOf(COOKIE); i >= 0; i = headers.indexOf(COOKIE, i + 1)) {
            for (String pair : headers.value(i).split(";")) {
                int equals = pair.indexOf('=');
                if (equals > 0 && pair.substring(0, equals).trim().equals(wanted)) {
                    String value = pair.substring(equals + 1).trim();
                    boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
                    return quoted ? value.substring(1, value.length() - 1) : value;
                }
            }
        }
        return null;
    }
}
