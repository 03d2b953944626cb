package dev.mishap.proxy.observe.log;

/** Checks bytes for well-formed UTF-8 (RFC 3629). */
final class Utf8 {
    private Utf8() {}

    static boolean valid(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to) {
            int b = bytes[i] & 0xff;
            int more;
            int min;
            if (b < 0x80) {
                i++;
                continue;
            } else if (b >= 0xc2 && b <= 0xdf) {
                more = 1;
                min = 0x80;
            } else if (b >= 0xe0 && b <= 0xef) {
                more = 2;
                min = 0x800;
            } else if (b >= 0xf0 && b <= 0xf4) {
                more = 3;
                min = 0x10000;
            } else {
                return false;
            }
            if (to - i <= more) {
                return false;
            }
            int code = b & (0x3f >> more);
            for (int k = 1; k <= more; k++) {
                int c = bytes[i + k] & 0xff;
                if ((c & 0xc0) != 0x80) {
                    return false;
                }
                code = code << 6 | (c & 0x3f);
            }
            if (code < min || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
                return false;
            }
            i += more + 1;
        }
        return true;
    }
}
