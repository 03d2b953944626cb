package dev.mishap.proxy.route.ratelimit;

import org.jspecify.annotations.Nullable;

/** Looks into a request target's query. */
final class QueryValues {
    private QueryValues() {}

    /** The percent-decoded value of the first parameter called {@code name}, or null. */
    static @Nullable String first(@Nullable String target, String name) {
        int start = target == null ? -1 : target.indexOf('?') + 1;
        if (target == null || start == 0) {
            return null;
        }
        while (start < target.length()) {
            int end = target.indexOf('&', start);
            if (end < 0) {
                end = target.length();
            }
            int equals = target.indexOf('=', start);
            int nameEnd = equals < 0 || equals > end ? end : equals;
            if (decode(target.substring(start, nameEnd)).equals(name)) {
                return decode(target.substring(Math.min(nameEnd + 1, end), end));
            }
            start = end + 1;
        }
        return null;
    }

    static String decode(String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int high = c == '%' && i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
            int low = high < 0 ? -1 : Character.digit(text.charAt(i + 2), 16);
            if (low >= 0) {
                out.append((char) (high << 4 | low));
                i += 2;
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
