package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.JoinedHeaders;
import org.jspecify.annotations.Nullable;

/** What a message's headers must be (RFC 9113 8), as strictly as Envoy's codec takes it. */
public final class H2HeaderRules {
    /** A header that must not be there, or not in this form. */
    public static final String INVALID_FIELD = "http2.invalid.header.field";
    /** Headers that do not make a message. */
    public static final String MESSAGING = "http2.violation.of.messaging.rule";
    /** Headers beyond a limit. */
    static final String TOO_MANY = "http2.too_many_headers";

    static final String TOO_LARGE = "http2.header_list_size_too_large";

    private static final HeaderName PROTOCOL = HeaderName.of(":protocol");
    private static final HeaderName COOKIE = HeaderName.of("cookie");
    private static final byte[] TRAILERS = {'t', 'r', 'a', 'i', 'l', 'e', 'r', 's'};
    private static final byte[] CONNECT = {'C', 'O', 'N', 'N', 'E', 'C', 'T'};
    private static final byte[] OPTIONS = {'O', 'P', 'T', 'I', 'O', 'N', 'S'};

    private static final int HAS_METHOD = 1;
    private static final int HAS_SCHEME = 2;
    private static final int HAS_PATH = 4;
    private static final int HAS_AUTHORITY = 8;
    private static final int HAS_PROTOCOL = 16;
    private static final int HAS_STATUS = 32;

    private static final boolean[] NAME = new boolean[256];

    static {
        for (int c = 'a'; c <= 'z'; c++) {
            NAME[c] = true;
        }
        for (int c = '0'; c <= '9'; c++) {
            NAME[c] = true;
        }
        for (char c : "!#$%&'*+-.^_`|~".toCharArray()) {
            NAME[c] = true;
        }
    }

    /** Lines. Hosts send a few dozen; the default limit is 100. */
    private static final int MANY = 128;

    private H2HeaderRules() {}

    /** What is wrong with a request's headers, or null. Joins cookie crumbs and repeated lines, and makes a host the authority. */
    static @Nullable String request(HeaderMap h, boolean allowConnect) {
        int seen = 0;
        long names = 0;
        boolean repeated = false;
        boolean regular = false;
        int cookies = 0;
        boolean te = false;
        int host = -1;
        for (int i = 0, n = h.size(); i < n; i++) {
            if (h.isPseudo(i)) {
                int bit = requestPseudo(h, i, allowConnect);
                if (bit == 0 || regular || (seen & bit) != 0 || !valueIsClean(h, i)) {
                    return INVALID_FIELD;
                }
                seen |= bit;
                continue;
            }
            regular = true;
            if (!fieldIsClean(h, i)) {
                return INVALID_FIELD;
            }
            long bit = bit(h, i);
            repeated = repeated || (names & bit) != 0 && repeats(h, i);
            names |= bit;
            switch (h.nameLength(i)) {
                case 4 -> host = host < 0 && h.isNamed(i, HeaderName.HOST) ? i : host;
                case 6 -> cookies += h.isNamed(i, COOKIE) ? 1 : 0;
                default -> {}
            }
        }
        String wrong = complete(h, seen, host >= 0);
        if (wrong != null) {
            return wrong;
        }
        if (host >= 0) {
            if ((seen & HAS_AUTHORITY) == 0) {
                String value = h.value(host);
                h.remove(HeaderName.HOST);
                h.add(HeaderName.AUTHORITY, value);
            } else {
                h.remove(HeaderName.HOST);
            }
        }
        if (cookies > 1) {
            joinCookies(h);
        }
        if (repeated) {
            JoinedHeaders.joinRequest(h);
        }
        return null;
    }

    private static @Nullable String complete(HeaderMap h, int seen, boolean host) {
        if ((seen & HAS_METHOD) == 0) {
            return MESSAGING;
        }
        boolean connect = h.valueEquals(h.indexOf(HeaderName.METHOD), CONNECT);
        if (connect && (seen & HAS_PROTOCOL) == 0) {
            return (seen & (HAS_SCHEME | HAS_PATH)) != 0 || (seen & HAS_AUTHORITY) == 0 ? MESSAGING : null;
        }
        if ((seen & (HAS_SCHEME | HAS_PATH)) != (HAS_SCHEME | HAS_PATH)) {
            return MESSAGING;
        }
        if ((seen & HAS_PROTOCOL) != 0 && (!connect || (seen & HAS_AUTHORITY) == 0)) {
            return MESSAGING;
        }
        int path = h.indexOf(HeaderName.PATH);
        int first = h.valueByte(path, 0);
        if (first != '/'
                && !(first == '*'
                        && h.valueLength(path) == 1
                        && h.valueEquals(h.indexOf(HeaderName.METHOD), OPTIONS))) {
            return MESSAGING;
        }
        return (seen & HAS_AUTHORITY) == 0 && !host ? MESSAGING : null;
    }

    private static int requestPseudo(HeaderMap h, int i, boolean allowConnect) {
        if (h.isNamed(i, HeaderName.METHOD)) {
            return h.valueLength(i) == 0 ? 0 : HAS_METHOD;
        }
        if (h.isNamed(i, HeaderName.PATH)) {
            return h.valueLength(i) == 0 ? 0 : HAS_PATH;
        }
        if (h.isNamed(i, HeaderName.SCHEME)) {
            return h.valueLength(i) == 0 ? 0 : HAS_SCHEME;
        }
        if (h.isNamed(i, HeaderName.AUTHORITY)) {
            return HAS_AUTHORITY;
        }
        return allowConnect && h.isNamed(i, PROTOCOL) ? HAS_PROTOCOL : 0;
    }

    /** Whether a stream was reset with {@code details} since its headers were beyond a limit, which at upstreams is as if they had reset it. */
    public static boolean isTooMuch(String details) {
        return details.equals(TOO_MANY) || details.equals(TOO_LARGE);
    }

    /** What is wrong with a response's headers, or null. Joins repeated lines. */
    public static @Nullable String response(HeaderMap h) {
        int seen = 0;
        long names = 0;
        boolean repeated = false;
        boolean regular = false;
        for (int i = 0, n = h.size(); i < n; i++) {
            if (h.isPseudo(i)) {
                if (regular || seen != 0 || !h.isNamed(i, HeaderName.STATUS) || !isStatus(h, i)) {
                    return INVALID_FIELD;
                }
                seen = HAS_STATUS;
                continue;
            }
            regular = true;
            if (!fieldIsClean(h, i)) {
                return INVALID_FIELD;
            }
            long bit = bit(h, i);
            repeated = repeated || (names & bit) != 0 && repeats(h, i);
            names |= bit;
        }
        if (repeated && seen != 0) {
            JoinedHeaders.joinResponse(h);
        }
        return seen == 0 ? MESSAGING : null;
    }

    /** A bit for a name: where it is not set yet, the name is new. */
    private static long bit(HeaderMap h, int i) {
        int hash = h.nameHash(i);
        return 1L << (hash ^ hash >>> 6 ^ hash >>> 12);
    }

    /** Whether a line repeats one before it; of one after many it is taken for granted, since whoever joins them looks again. */
    private static boolean repeats(HeaderMap h, int i) {
        if (i > MANY) {
            return true;
        }
        int hash = h.nameHash(i);
        for (int k = 0; k < i; k++) {
            if (h.nameHash(k) == hash) {
                return true;
            }
        }
        return false;
    }

    private static boolean isStatus(HeaderMap h, int i) {
        if (h.valueLength(i) != 3) {
            return false;
        }
        for (int k = 0; k < 3; k++) {
            int c = h.valueByte(i, k);
            if (c < '0' || c > '9') {
                return false;
            }
        }
        return h.valueByte(i, 0) != '0';
    }

    /** What is wrong with trailers, or null. */
    public static @Nullable String trailers(HeaderMap h) {
        for (int i = 0, n = h.size(); i < n; i++) {
            if (h.isPseudo(i) || !fieldIsClean(h, i)) {
                return INVALID_FIELD;
            }
        }
        return null;
    }

    private static boolean fieldIsClean(HeaderMap h, int i) {
        byte[] a = h.arena();
        int at = h.nameOffset(i);
        int n = h.nameLength(i);
        if (n == 0) {
            return false;
        }
        for (int k = at; k < at + n; k++) {
            if (!NAME[a[k] & 0xff]) {
                return false;
            }
        }
        switch (n) {
            case 2:
                if (h.isNamed(i, HeaderName.TE) && !h.valueEquals(i, TRAILERS)) {
                    return false;
                }
                break;
            case 7:
                if (h.isNamed(i, HeaderName.UPGRADE)) {
                    return false;
                }
                break;
            case 10:
                if (h.isNamed(i, HeaderName.CONNECTION) || h.isNamed(i, HeaderName.KEEP_ALIVE)) {
                    return false;
                }
                break;
            case 16:
                if (h.isNamed(i, HeaderName.PROXY_CONNECTION)) {
                    return false;
                }
                break;
            case 17:
                if (h.isNamed(i, HeaderName.TRANSFER_ENCODING)) {
                    return false;
                }
                break;
            default:
                break;
        }
        return valueIsClean(h, i);
    }

    private static boolean valueIsClean(HeaderMap h, int i) {
        byte[] a = h.arena();
        int at = h.valueOffset(i);
        int end = at + h.valueLength(i);
        for (int k = at; k < end; k++) {
            int c = a[k];
            if (c >= 0 && c < ' ' && c != '\t' || c == 0x7f) {
                return false;
            }
        }
        return true;
    }

    /** The one content-length, -1 when there is none, -2 when it is no number or there are several. */
    public static long contentLength(HeaderMap h) {
        int i = h.indexOf(HeaderName.CONTENT_LENGTH);
        if (i < 0) {
            return -1;
        }
        int n = h.valueLength(i);
        if (n == 0 || n > 18 || h.indexOf(HeaderName.CONTENT_LENGTH, i + 1) >= 0) {
            return -2;
        }
        long value = 0;
        for (int k = 0; k < n; k++) {
            int c = h.valueByte(i, k);
            if (c < '0' || c > '9') {
                return -2;
            }
            value = value * 10 + c - '0';
        }
        return value;
    }

    private static void joinCookies(HeaderMap h) {
        StringBuilder all = new StringBuilder();
        for (int i = h.indexOf(COOKIE); i >= 0; i = h.indexOf(COOKIE, i + 1)) {
            all.append(all.length() == 0 ? "" : "; ").append(h.value(i));
        }
        h.remove(COOKIE);
        h.add(COOKIE, all.toString());
    }
}
