package dev.mishap.proxy.http.h1;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.JoinedHeaders;
import io.netty.buffer.ByteBuf;
import java.util.function.Predicate;

/**
 * The server's side: reads requests. {@code :method}, {@code :path} and {@code :authority} are the first entries of the map;
 * a {@code CONNECT} has no {@code :path}, a request without a host no {@code :authority}.
 */
public final class H1RequestParser extends H1Parser {
    private static final byte[] NAMES = {
        ':', 'm', 'e', 't', 'h', 'o', 'd', ':', 'p', 'a', 't', 'h', ':', 'a', 'u', 't', 'h', 'o', 'r', 'i', 't', 'y',
        '/'
    };
    private static final int SLASH = 22;
    private static final int HASH_METHOD = HeaderName.METHOD.hashCode();
    private static final int HASH_PATH = HeaderName.PATH.hashCode();
    private static final int HASH_AUTHORITY = HeaderName.AUTHORITY.hashCode();
    private static final byte[] AUTHORITY_CHARACTERS = authorityCharacters();

    // Beside the registered methods, those that Envoy's parser knows.
    private static final String METHODS =
            " GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BIND CHECKOUT COPY LINK LOCK"
                    + " MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH M-SEARCH NOTIFY PROPFIND PROPPATCH PURGE REBIND REPORT SEARCH"
                    + " SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE ";

    private boolean http11;
    private boolean http10;
    private boolean absolute;
    private boolean headRequest;
    private boolean connect;
    private boolean bodyExpected;

    public H1RequestParser(H1Limits limits, Sink sink) {
        super(limits, sink);
    }

    /** Starts the next request. */
    public void begin(HeaderMap headers) {
        start(headers);
        headers.append(NAMES, 0, NAMES.length);
        head.begin(headers, false);
        http11 = http10 = absolute = headRequest = connect = bodyExpected = false;
    }

    /** Whether the request line said HTTP/1.1. */
    public boolean isHttp11() {
        return http11;
    }

    /** Whether the request line said HTTP/1.0, or another version than HTTP/1.1. */
    public boolean isHttp10() {
        return http10;
    }

    public boolean isHead() {
        return headRequest;
    }

    public boolean isConnect() {
        return connect;
    }

    /** Whether the request asks to change the protocol ({@code h2c} is not offered, so that does not count). */
    public boolean isUpgrade() {
        return head.connectionUpgrade && head.upgradeLength > 0;
    }

    /** Whether a body was announced. */
    public boolean bodyExpected() {
        return bodyExpected;
    }

    @Override
    public boolean keepAlive() {
        return http11 ? !head.connectionClose : head.connectionKeepAlive && !head.connectionClose;
    }

    @Override
    void startLine(HeaderMap m, int from, int to) {
        byte[] a = m.arena();
        int space = from;
        while (space < to && a[space] != ' ') {
            space++;
        }
        int lastSpace = to - 1;
        while (lastSpace > space && a[lastSpace] != ' ') {
            lastSpace--;
        }
        int targetEnd = lastSpace;
        if (lastSpace <= space) {
            targetEnd = to; // HTTP/0.9: no version
        } else if (!version(a, lastSpace + 1, to)) {
            fail(H1Error.CODEC_ERROR);
            return;
        }
        if (space == from || space + 1 >= targetEnd || !isMethod(a, from, space)) {
            fail(H1Error.CODEC_ERROR);
            return;
        }
        connect = Bytes.equalsIgnoreCase(a, from, space, "connect");
        headRequest = space - from == 4 && a[from] == 'H';
        m.addEntry(nameAt(m, 0), 7, HASH_METHOD, from, space - from);
        target(m, a, from, space + 1, targetEnd);
    }

    private boolean version(byte[] a, int from, int to) {
        if (to - from != 8 || a[from] != 'H' || a[from + 1] != 'T' || a[from + 2] != 'T' || a[from + 3] != 'P') {
            return false;
        }
        int major = a[from + 5] - '0';
        int minor = a[from + 7] - '0';
        if (a[from + 4] != '/' || a[from + 6] != '.' || major < 0 || major > 9 || minor < 0 || minor > 9) {
            return false;
        }
        http11 = major == 1 && minor == 1;
        http10 = !http11; // whatever version it names: where that is taken at all, it is all one to Envoy, too
        return true;
    }

    private boolean isMethod(byte[] a, int from, int to) {
        return limits.leniency().customMethods() ? Bytes.isToken(a, from, to) : knownMethod(a, from, to);
    }

    private static boolean knownMethod(byte[] a, int from, int to) {
        int n = to - from;
        if (n == 3 && a[from] == 'G' && a[from + 1] == 'E' && a[from + 2] == 'T') {
            return true;
        }
        for (int at = 0; at >= 0; at = METHODS.indexOf(' ', at + 1)) {
            if (at + n + 1 < METHODS.length() && METHODS.charAt(at + n + 1) == ' ' && same(a, from, n, at + 1)) {
                return true;
            }
        }
        return false;
    }

    private static boolean same(byte[] a, int from, int n, int at) {
        for (int i = 0; i < n; i++) {
            if (a[from + i] != METHODS.charAt(at + i)) {
                return false;
            }
        }
        return true;
    }

    private void target(HeaderMap m, byte[] a, int lineStart, int from, int to) {
        for (int i = from; i < to; i++) {
            if (a[i] <= ' ') {
                fail(H1Error.CODEC_ERROR); // a blank or a byte over 127
                return;
            }
        }
        byte first = a[from];
        if (connect) {
            if (first == '/' || !hasPort(a, from, to)) {
                fail(H1Error.INVALID_URL);
            } else {
                authority(m, from, to);
            }
        } else if (first == '/') {
            m.addEntry(nameAt(m, 7), 5, HASH_PATH, from, to - from);
        } else if (first == '*' && to - from == 1) {
            if (Bytes.equalsIgnoreCase(a, lineStart, from - 1, "options")) {
                m.addEntry(nameAt(m, 7), 5, HASH_PATH, from, 1);
            } else {
                fail(H1Error.INVALID_URL);
            }
        } else {
            absolute(m, a, from, to);
        }
    }

    private void absolute(HeaderMap m, byte[] a, int from, int to) {
        int start;
        if (Bytes.startsWithIgnoreCase(a, from, to, "http://")) {
            start = from + 7;
        } else if (Bytes.startsWithIgnoreCase(a, from, to, "https://")) {
            start = from + 8;
        } else {
            fail(schemeLike(a, from, to) ? H1Error.INVALID_SCHEME : H1Error.CODEC_ERROR);
            return;
        }
        int end = start;
        while (end < to && a[end] != '/' && a[end] != '?' && a[end] != '#') {
            if (a[end] == '@') {
                start = end + 1; // user information is not the authority
            }
            end++;
        }
        if (start == end) {
            fail(H1Error.INVALID_URL);
            return;
        }
        if (end == to) {
            m.addEntry(nameAt(m, 7), 5, HASH_PATH, nameAt(m, SLASH), 1);
        } else {
            m.addEntry(nameAt(m, 7), 5, HASH_PATH, end, to - end);
        }
        absolute = true;
        authority(m, start, end);
    }

    private static boolean schemeLike(byte[] a, int from, int to) {
        for (int i = from; i + 2 < to; i++) {
            if (a[i] == ':') {
                return i > from && a[i + 1] == '/' && a[i + 2] == '/';
            }
        }
        return false;
    }

    private static boolean hasPort(byte[] a, int from, int to) {
        int i = to;
        while (i > from && a[i - 1] >= '0' && a[i - 1] <= '9') {
            i--;
        }
        return i < to && i > from + 1 && a[i - 1] == ':';
    }

    private void authority(HeaderMap m, int from, int to) {
        byte[] a = m.arena();
        for (int i = from; i < to; i++) {
            if (AUTHORITY_CHARACTERS[a[i] & 0xff] == 0) {
                fail(H1Error.INVALID_AUTHORITY);
                return;
            }
        }
        m.addEntry(nameAt(m, 12), 10, HASH_AUTHORITY, from, to - from);
    }

    @Override
    void host(HeaderMap m, int from, int to) {
        if (head.hostSeen) {
            fail(H1Error.CODEC_ERROR); // RFC 9112 3.2: more than one is refused
        } else if (absolute || connect) {
            return; // RFC 9112 3.2.2: the target wins
        } else {
            authority(m, from, to);
        }
    }

    @Override
    void joinRepeated(HeaderMap m) {
        JoinedHeaders.joinRequest(m);
    }

    @Override
    void finishHead(HeaderMap m) {
        HeadReader h = head;
        if (!h.removeNominated()) {
            fail(H1Error.CONNECTION_HEADER);
            return;
        }
        if (h.transferEncoding && h.contentLength >= 0 && !dropLength(m)) {
            return;
        }
        if (h.transferEncoding && http10 && limits.http10()) {
            fail(H1Error.TRANSFER_ENCODING); // HTTP/1.0 has no chunks; where it isn't spoken, that is the answer
            return;
        }
        Predicate<String> ignored = limits.leniency().ignoredUpgrades();
        if (ignored != null && isUpgrade()) {
            UpgradeTokens.leaveOut(ignored, h, m);
        }
        if (isUpgrade() && Bytes.equalsIgnoreCase(m.arena(), h.upgradeAt, h.upgradeAt + h.upgradeLength, "h2c")) {
            h.connectionUpgrade = false;
        }
        if (isUpgrade()) {
            m.add(HeaderName.CONNECTION, m.arena(), h.connectionAt, h.connectionLength);
            m.add(HeaderName.UPGRADE, m.arena(), h.upgradeAt, h.upgradeLength);
        }
        bodyExpected = h.chunked || h.contentLength > 0;
        if (connect && bodyExpected) {
            fail(H1Error.BODY_DISALLOWED);
        } else if (connect || isUpgrade()) {
            bodyUntilClose(); // what follows is another protocol, or will not be read
        } else if (h.chunked) {
            bodyChunked();
        } else {
            bodyLength(Math.max(0, h.contentLength));
        }
    }

    private int nameAt(HeaderMap m, int offset) {
        assert m.used() >= NAMES.length;
        return offset;
    }

    private static byte[] authorityCharacters() {
        byte[] t = new byte[256];
        for (int c = '!'; c < 127; c++) {
            boolean alnum = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            if (alnum || "-._~%!$&'()*+,;=:[]@".indexOf(c) >= 0) {
                t[c] = 1;
            }
        }
        return t;
    }

    /** RFC 9112 2.2: empty lines before a request are ignored. */
    static boolean skipEmptyLines(ByteBuf in) {
        while (in.isReadable()) {
            byte b = in.getByte(in.readerIndex());
            if (b != '\r' && b != '\n') {
                return true;
            }
            in.skipBytes(1);
        }
        return false;
    }
}
