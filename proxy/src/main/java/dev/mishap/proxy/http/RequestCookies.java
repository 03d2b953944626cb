package dev.mishap.proxy.http;

import org.jspecify.annotations.Nullable;

/** The cookies that a request carries. */
public final class RequestCookies {
    private static final HeaderName COOKIE = HeaderName.of("cookie");

    private RequestCookies() {}

    /** The value of the first cookie of that name, without the quotes that may be around it, or null. */
    public static @Nullable String value(HeaderMap request, String name) {
        for (int i = request.indexOf(COOKIE); i >= 0; i = request.indexOf(COOKIE, i + 1)) {
            for (String pair : request.value(i).split(";", -1)) {
                String trimmed = pair.stripLeading();
                int equals = trimmed.indexOf('=');
                if (equals > 0 && trimmed.substring(0, equals).equals(name)) {
                    String value = trimmed.substring(equals + 1);
                    boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
                    return quoted ? value.substring(1, value.length() - 1) : value;
                }
            }
        }
        return null;
    }

    /** Takes all cookies of that name out; those that are left are in one line. */
    public static void remove(HeaderMap request, String name) {
        if (value(request, name) == null) {
            return;
        }
        StringBuilder left = new StringBuilder();
        for (int i = request.indexOf(COOKIE); i >= 0; i = request.indexOf(COOKIE, i + 1)) {
            for (String pair : request.value(i).split(";", -1)) {
                String trimmed = pair.strip();
                int equals = trimmed.indexOf('=');
                if (!trimmed.isEmpty()
                        && !(equals > 0 && trimmed.substring(0, equals).equals(name))) {
                    left.append(left.length() == 0 ? "" : "; ").append(trimmed);
                }
            }
        }
        request.remove(COOKIE);
        if (left.length() > 0) {
            request.add(COOKIE, left.toString());
        }
    }
}
