package dev.mishap.proxy.filter.http.jwtauthn;

import org.jspecify.annotations.Nullable;

/** Finds and removes parameters of a request target. Nothing is decoded: tokens have no characters that are escaped. */
final class QueryParams {
    private QueryParams() {}

    /** The value of the first parameter of that name, or null. */
    static @Nullable String get(String target, String name) {
        for (int start = start(target); start < target.length(); start = end(target, start) + 1) {
            if (isNamed(target, start, name)) {
                return target.substring(start + name.length() + 1, end(target, start));
            }
        }
        return null;
    }

    /** The target without the parameters of that name. */
    static String without(String target, String name) {
        int query = start(target);
        if (query > target.length()) {
            return target;
        }
        StringBuilder out = new StringBuilder(target.length()).append(target, 0, query - 1);
        char before = '?';
        for (int start = query; start < target.length(); start = end(target, start) + 1) {
            if (!isNamed(target, start, name)) {
                out.append(before).append(target, start, end(target, start));
                before = '&';
            }
        }
        return out.toString();
    }

    private static int start(String target) {
        int query = target.indexOf('?');
        return query < 0 ? target.length() + 1 : query + 1;
    }

    private static int end(String target, int start) {
        int end = target.indexOf('&', start);
        return end < 0 ? target.length() : end;
    }

    private static boolean isNamed(String target, int start, String name) {
        return target.startsWith(name, start)
                && start + name.length() < target.length()
                && target.charAt(start + name.length()) == '=';
    }
}
