package dev.mishap.proxy.http.h1;

import java.util.Locale;

/** Classes of bytes of RFC 9110 and comparisons of ASCII text in byte arrays. */
final class Bytes {
    /** The lower-case form of a token character, 0 for every other byte. */
    static final byte[] TOKEN = new byte[256];

    /** 1 for bytes that end a run of ordinary text: controls but tab, and DEL. */
    static final byte[] CONTROL = new byte[256];

    static {
        for (int c = 0; c < 256; c++) {
            boolean alnum = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            if (alnum || c < 128 && "!#$%&'*+-.^_`|~".indexOf(c) >= 0) {
                TOKEN[c] = (byte) (c >= 'A' && c <= 'Z' ? c + 32 : c);
            }
            if (c < 0x20 && c != '\t' || c == 0x7f) {
                CONTROL[c] = 1;
            }
        }
    }

    private Bytes() {}

    /** Whether {@code a[from, to)} is {@code lowerCase}, whatever the case of its letters. */
    static boolean equalsIgnoreCase(byte[] a, int from, int to, String lowerCase) {
        if (to - from != lowerCase.length()) {
            return false;
        }
        return startsWithIgnoreCase(a, from, to, lowerCase);
    }

    static boolean startsWithIgnoreCase(byte[] a, int from, int to, String lowerCase) {
        assert lowerCase.equals(lowerCase.toLowerCase(Locale.ROOT));
        int n = lowerCase.length();
        if (to - from < n) {
            return false;
        }
        for (int i = 0; i < n; i++) {
            int c = a[from + i];
            if (c >= 'A' && c <= 'Z') {
                c += 32;
            }
            if (c != lowerCase.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Whether {@code a[from, to)} is a token of RFC 9110, and not empty. */
    static boolean isToken(byte[] a, int from, int to) {
        for (int i = from; i < to; i++) {
            if (TOKEN[a[i] & 0xff] == 0) {
                return false;
            }
        }
        return from < to;
    }

    static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }
}
