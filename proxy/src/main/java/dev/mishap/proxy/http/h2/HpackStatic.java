package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.HeaderName;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The static table of RFC 7541, appendix A; entries count from 1. */
final class HpackStatic {
    static final int SIZE = 61;
    private static final String TABLE =
            ":authority;:method=GET;:method=POST;:path=/;:path=/index.html;:scheme=http;:scheme=https;"
                    + ":status=200;:status=204;:status=206;:status=304;:status=400;:status=404;:status=500;accept-charset;"
                    + "accept-encoding=gzip, deflate;accept-language;accept-ranges;accept;access-control-allow-origin;age;allow;"
                    + "authorization;cache-control;content-disposition;content-encoding;content-language;content-length;"
                    + "content-location;content-range;content-type;cookie;date;etag;expect;expires;from;host;if-match;"
                    + "if-modified-since;if-none-match;if-range;if-unmodified-since;last-modified;link;location;max-forwards;"
                    + "proxy-authenticate;proxy-authorization;range;referer;refresh;retry-after;server;set-cookie;"
                    + "strict-transport-security;transfer-encoding;user-agent;vary;via;www-authenticate";
    static final byte[][] NAMES = new byte[SIZE + 1][];
    static final byte[][] VALUES = new byte[SIZE + 1][];
    static final int[] HASHES = new int[SIZE + 1];
    private static final int MASK = 255;
    private static final byte[] BY_HASH = new byte[MASK + 1];

    static {
        String[] entries = TABLE.split(";", -1);
        for (int i = 1; i <= SIZE; i++) {
            String e = entries[i - 1];
            int eq = e.indexOf('=');
            NAMES[i] = (eq < 0 ? e : e.substring(0, eq)).getBytes(StandardCharsets.US_ASCII);
            VALUES[i] = (eq < 0 ? "" : e.substring(eq + 1)).getBytes(StandardCharsets.US_ASCII);
            HASHES[i] = HeaderName.hash(NAMES[i], 0, NAMES[i].length);
            if (!Arrays.equals(NAMES[i], NAMES[Math.max(1, i - 1)]) || i == 1) {
                int slot = slot(HASHES[i]);
                while (BY_HASH[slot] != 0) {
                    slot = slot + 1 & MASK;
                }
                BY_HASH[slot] = (byte) i;
            }
        }
    }

    private HpackStatic() {}

    private static int slot(int hash) {
        return (hash ^ hash >>> 15) & MASK;
    }

    /** The first entry of that name, or 0. */
    static int byName(int hash, byte[] bytes, int offset, int length) {
        for (int slot = slot(hash); BY_HASH[slot] != 0; slot = slot + 1 & MASK) {
            int i = BY_HASH[slot];
            byte[] n = NAMES[i];
            if (HASHES[i] == hash
                    && n.length == length
                    && Arrays.equals(n, 0, length, bytes, offset, offset + length)) {
                return i;
            }
        }
        return 0;
    }
}
