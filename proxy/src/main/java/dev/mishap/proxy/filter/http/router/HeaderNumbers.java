package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import org.jspecify.annotations.Nullable;

/** Numbers in header values. */
final class HeaderNumbers {
    private HeaderNumbers() {}

    /** The value of {@code text} in base ten, or -1 when it is not a whole number of 0..10^18. */
    static long parse(@Nullable String text) {
        if (text == null || text.isEmpty() || text.length() > 18) {
            return -1;
        }
        long n = 0;
        for (int i = 0; i < text.length(); i++) {
            int d = text.charAt(i) - '0';
            if (d < 0 || d > 9) {
                return -1;
            }
            n = n * 10 + d;
        }
        return n;
    }

    /** The number in the first header called {@code name}, or -1. */
    static long of(HeaderMap headers, HeaderName name) {
        int i = headers.indexOf(name);
        return i < 0 ? -1 : parse(headers.value(i));
    }
}
