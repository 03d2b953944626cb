package dev.mishap.proxy.filter.http.router;

import org.jspecify.annotations.Nullable;

/** Numbers as text; those that most responses have, milliseconds of a fast upstream, are made once. */
final class Decimals {
    // Written by any thread, each time with an equal text.
    private static final @Nullable String[] MADE = new String[256];

    private Decimals() {}

    static String text(long number) {
        if (number < 0 || number >= MADE.length) {
            return Long.toString(number);
        }
        String made = MADE[(int) number];
        if (made == null) {
            made = Long.toString(number);
            MADE[(int) number] = made;
        }
        return made;
    }
}
