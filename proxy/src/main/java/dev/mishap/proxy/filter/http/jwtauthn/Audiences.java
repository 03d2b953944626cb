package dev.mishap.proxy.filter.http.jwtauthn;

import java.util.List;
import java.util.Set;

/** Whom tokens are for. */
final class Audiences {
    private Audiences() {}

    /** An audience without its scheme and a slash at its end, which don't count. */
    static String normalize(String audience) {
        String a = audience;
        if (a.startsWith("https://")) {
            a = a.substring(8);
        } else if (a.startsWith("http://")) {
            a = a.substring(7);
        }
        return a.endsWith("/") ? a.substring(0, a.length() - 1) : a;
    }

    /** Whether one of {@code given} is among {@code wanted}; anything is when nothing is wanted. */
    static boolean allowed(Set<String> wanted, List<String> given) {
        if (wanted.isEmpty()) {
            return true;
        }
        for (String audience : given) {
            if (wanted.contains(normalize(audience))) {
                return true;
            }
        }
        return false;
    }
}
