package dev.mishap.proxy.http.h1;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads a block of lines, the head of a message or its trailers, into a header map's arena and turns them into entries. It
 * keeps what the framing headers say.
 */
final class HeadReader {
    private static final int HASH_HOST = HeaderName.HOST.hashCode();
    private static final int HASH_TE = HeaderName.TE.hashCode();
    private static final int HASH_UPGRADE = HeaderName.UPGRADE.hashCode();
    private static final int HASH_CONNECTION = HeaderName.CONNECTION.hashCode();
    private static final int MAX_CONNECTION_TOKENS = 10;
    private static final int MAX_NOMINATED_TE = 256;
    private static final int HASH_KEEP_ALIVE = HeaderName.KEEP_ALIVE.hashCode();
    private static final int HASH_CONTENT_LENGTH = HeaderName.CONTENT_LENGTH.hashCode();
    private static final int HASH_PROXY_CONNECTION = HeaderName.PROXY_CONNECTION.hashCode();
    private static final int HASH_TRANSFER_ENCODING = HeaderName.TRANSFER_ENCODING.hashCode();

    private final H1Parser parser;
    private @Nullable HeaderMap map;
    private boolean trailers;
    private boolean startLineSeen;
    private int lineStart;
    private int scan;
    private int bytes;
    private int lines;
    private int fieldBytes;

    /** Value of content-length, or -1. */
    long contentLength;
    /** Whether there was a transfer-encoding, and whether it was just {@code chunked}. */
    boolean transferEncoding;

    boolean chunked;
    boolean hostSeen;
    boolean connectionClose;
    boolean connectionKeepAlive;
    boolean connectionUpgrade;
    /** Where the value of upgrade is in the arena; length -1 = none. */
    int upgradeAt;

    int upgradeLength;
    /** The same of the first connection header; without meaning unless {@link #connectionUpgrade}. */
    int connectionAt;

    int connectionLength;
    /** Names that the connection header nominates, lower case; null = none. */
    private byte @Nullable [][] nominated;

    private int nominatedCount;
    /** Entries of the connection headers, whatever they are. */
    private int connectionTokens;

    private boolean teNominated;
    /** The length of the longest te. */
    private int teLength;
    /** A bit for the hash of each name; one that is set already tells of a name that may be repeated. */
    private long names;

    private boolean mayRepeat;

    HeadReader(H1Parser parser) {
        this.parser = parser;
    }

    void begin(HeaderMap target, boolean isTrailers) {
        map = target;
        trailers = isTrailers;
        startLineSeen = isTrailers;
        lineStart = scan = target.used();
        bytes = 0;
        lines = 0;
        fieldBytes = 0;
        if (!isTrailers) {
            contentLength = -1;
            transferEncoding = chunked = hostSeen = false;
            connectionClose = connectionKeepAlive = connectionUpgrade = false;
            upgradeLength = connectionLength = -1;
            nominatedCount = connectionTokens = teLength = 0;
            teNominated = false;
            names = 0;
            mayRepeat = false;
        }
    }

    /** The block is not looked at any more. */
    void letGo() {
        map = null;
    }

    /** Whether a name may be there twice; false is certain. */
    boolean mayRepeat() {
        return mayRepeat;
    }

    HeaderMap target() {
        HeaderMap m = map;
        assert m != null;
        return m;
    }

    /** Bytes of the header lines: names, values and three a line, as Envoy counts them. */
    int fieldBytes() {
        return fieldBytes;
    }

    /** Whether a byte of the block was read. */
    boolean started() {
        return bytes > 0;
    }

    /** Reads up to the empty line that ends the block; false when bytes ran out or the parser failed. */
    boolean read(ByteBuf in) {
        HeaderMap m = target();
        int limit = parser.limits.maxHeaderBytes();
        while (true) {
            int n = Math.min(in.readableBytes(), H1Parser.BLOCK);
            if (n == 0) {
                return false;
            }
            int before = m.reserve(n);
            in.getBytes(in.readerIndex(), m.arena(), before, n);
            m.commit(n);
            int end = lines(m, before + n);
            if (end >= 0) {
                in.skipBytes(end - before);
                m.truncate(end);
                bytes += end - before;
                return bytes <= limit || tooLarge();
            }
            in.skipBytes(n);
            bytes += n;
            if (end == -2) {
                return false;
            }
            if (bytes > limit) {
                return tooLarge();
            }
        }
    }

    private boolean tooLarge() {
        return parser.fail(trailers ? H1Error.TRAILERS_TOO_LARGE : H1Error.HEADERS_TOO_LARGE);
    }

    /** Where the block ends, -1 when more bytes are needed, -2 when the parser failed. */
    private int lines(HeaderMap m, int fill) {
        byte[] a = m.arena();
        int i = scan;
        while (true) {
            while (i < fill && Bytes.CONTROL[a[i] & 0xff] == 0) {
                i++;
            }
            if (i == fill) {
                scan = i;
                return -1;
            }
            int end = i;
            if (a[i] == '\r') {
                if (i + 1 == fill) {
                    scan = i;
                    return -1;
                }
                i++;
            }
            if (a[i] != '\n') {
                parser.fail(a[end] == '\r' ? H1Error.CODEC_ERROR : H1Error.INVALID_CHARACTERS);
                return -2;
            }
            i++;
            int from = lineStart;
            lineStart = i;
            if (end == from) {
                if (startLineSeen) {
                    scan = i;
                    return i;
                }
                continue; // empty lines before a message are skipped, RFC 9112 2.2
            }
            if (!startLineSeen) {
                startLineSeen = true;
                // What the start line appends to the arena would run into bytes not parsed yet; so it works in place
                // only.
                parser.startLine(m, from, end);
            } else {
                header(m, a, from, end);
            }
            if (parser.failed()) {
                return -2;
            }
        }
    }

    private void header(HeaderMap m, byte[] a, int from, int end) {
        int c = from;
        int hash = 0;
        byte t;
        while (c < end && (t = Bytes.TOKEN[a[c] & 0xff]) != 0) {
            a[c++] = t;
            hash = hash * 31 + t;
        }
        int length = c - from;
        if (c == end || a[c] != ':' || length == 0) {
            parser.fail(H1Error.CODEC_ERROR);
            return;
        }
        if (++lines > parser.limits.maxHeaders()) {
            parser.fail(H1Error.TOO_MANY_HEADERS);
            return;
        }
        int value = c + 1;
        while (value < end && Bytes.isBlank(a[value])) {
            value++;
        }
        int valueEnd = end;
        while (valueEnd > value && Bytes.isBlank(a[valueEnd - 1])) {
            valueEnd--;
        }
        fieldBytes += length + valueEnd - value + 3;
        if (parser.limits.underscores() != H1Limits.Underscores.ALLOW && hasUnderscore(a, from, c)) {
            if (parser.limits.underscores() == H1Limits.Underscores.REJECT_REQUEST) {
                parser.fail(H1Error.UNDERSCORE);
            } else {
                parser.underscoreDropped();
            }
            return;
        }
        if (length == 2 && hash == HASH_TE) {
            // Of te, only that the sender takes trailers concerns anyone but the next hop.
            teLength = Math.max(teLength, valueEnd - value);
            int at = tokenAt(a, value, valueEnd, "trailers");
            if (at >= 0) {
                m.addEntry(from, length, hash, at, "trailers".length());
            }
        } else if (!framing(a, hash, length, value, valueEnd)) {
            long bit = 1L << (hash ^ hash >>> 6 ^ hash >>> 12);
            mayRepeat |= (names & bit) != 0;
            names |= bit;
            m.addEntry(from, length, hash, value, valueEnd - value);
        }
    }

    /** Where {@code token} stands in a comma-separated list, or -1. */
    private static int tokenAt(byte[] a, int from, int end, String token) {
        int at = from;
        while (at < end) {
            int to = at;
            while (to < end && a[to] != ',') {
                to++;
            }
            int next = to + 1;
            while (at < to && Bytes.isBlank(a[at])) {
                at++;
            }
            while (to > at && Bytes.isBlank(a[to - 1])) {
                to--;
            }
            if (Bytes.equalsIgnoreCase(a, at, to, token)) {
                return at;
            }
            at = next;
        }
        return -1;
    }

    private static boolean hasUnderscore(byte[] a, int from, int end) {
        for (int i = from; i < end; i++) {
            if (a[i] == '_') {
                return true;
            }
        }
        return false;
    }

    /** Takes note of a header that is about the message's framing or the connection; true when it is not to enter the map. */
    private boolean framing(byte[] a, int hash, int length, int value, int end) {
        switch (length) {
            case 4:
                if (hash == HASH_HOST && !trailers) {
                    parser.host(target(), value, end);
                    hostSeen = true;
                    return true;
                }
                return false;
            case 7:
                if (hash == HASH_UPGRADE) {
                    upgradeAt = value;
                    upgradeLength = end - value;
                    return true;
                }
                return false;
            case 10:
                if (hash == HASH_CONNECTION) {
                    connection(a, value, end);
                    return true;
                }
                return hash == HASH_KEEP_ALIVE;
            case 14:
                if (hash == HASH_CONTENT_LENGTH) {
                    contentLength(a, value, end);
                    return trailers;
                }
                return false;
            case 16:
                if (hash != HASH_PROXY_CONNECTION) {
                    return false;
                }
                connectionClose |= tokenAt(a, value, end, "close") >= 0;
                return true;
            case 17:
                if (hash == HASH_TRANSFER_ENCODING) {
                    if (trailers || transferEncoding || !Bytes.equalsIgnoreCase(a, value, end, "chunked")) {
                        parser.fail(H1Error.TRANSFER_ENCODING);
                    }
                    transferEncoding = chunked = true;
                    return true;
                }
                return false;
            default:
                return false;
        }
    }

    private void contentLength(byte[] a, int value, int end) {
        // Up to 18 digits fit a long for sure; leading zeros count, since nobody sends them in good faith.
        if (contentLength >= 0 || value == end || end - value > 18) {
            parser.fail(H1Error.CODEC_ERROR);
            return;
        }
        long n = 0;
        for (int i = value; i < end; i++) {
            int d = a[i] - '0';
            if (d < 0 || d > 9) {
                parser.fail(H1Error.CODEC_ERROR);
                return;
            }
            n = n * 10 + d;
        }
        contentLength = n;
    }

    private void connection(byte[] a, int value, int end) {
        if (connectionLength < 0) {
            connectionAt = value;
            connectionLength = end - value;
        }
        int i = value;
        while (i < end) {
            int from = i;
            while (i < end && a[i] != ',') {
                i++;
            }
            int to = i++;
            while (from < to && Bytes.isBlank(a[from])) {
                from++;
            }
            while (to > from && Bytes.isBlank(a[to - 1])) {
                to--;
            }
            if (from == to) {
                continue;
            }
            connectionTokens++;
            if (Bytes.equalsIgnoreCase(a, from, to, "close")) {
                connectionClose = true;
            } else if (Bytes.equalsIgnoreCase(a, from, to, "keep-alive")) {
                connectionKeepAlive = true;
            } else if (Bytes.equalsIgnoreCase(a, from, to, "upgrade")) {
                connectionUpgrade = true;
            } else if (Bytes.equalsIgnoreCase(a, from, to, "te")) {
                teNominated = true;
            } else {
                nominate(a, from, to);
            }
        }
    }

    private void nominate(byte[] a, int from, int to) {
        byte[] name = Arrays.copyOfRange(a, from, to);
        for (int i = 0; i < name.length; i++) {
            name[i] = Bytes.TOKEN[name[i] & 0xff];
        }
        byte[][] n = nominated;
        if (n == null || nominatedCount == n.length) {
            n = n == null ? new byte[4][] : Arrays.copyOf(n, n.length * 2);
            nominated = n;
        }
        n[nominatedCount++] = name;
    }

    /**
     * Removes the headers that the connection header nominates as hop-by-hop; the host, too, whose lack is then the
     * request's end.
     *
     * @return false when it names one that others rely on, which is an attempt to make a hop forget who asked, or when
     *     there is more of it than anybody needs: Envoy's limits are ten entries, and 256 bytes of a nominated te
     */
    boolean removeNominated() {
        if (connectionTokens >= MAX_CONNECTION_TOKENS || teNominated && teLength >= MAX_NOMINATED_TE) {
            return false;
        }
        byte[][] names = nominated;
        if (names == null || nominatedCount == 0) {
            return true;
        }
        HeaderMap m = target();
        for (int k = 0; k < nominatedCount; k++) {
            byte[] name = names[k];
            if (name.length == 0 || name[0] == 0 || Bytes.startsWithIgnoreCase(name, 0, name.length, "x-forwarded-")) {
                return false;
            }
            if (Arrays.equals(name, HOST)) {
                name = AUTHORITY;
            }
            for (int i = m.size() - 1; i >= 0; i--) {
                int at = m.nameOffset(i);
                if (m.nameLength(i) == name.length
                        && Arrays.equals(m.arena(), at, at + name.length, name, 0, name.length)) {
                    m.removeAt(i);
                }
            }
            names[k] = EMPTY;
        }
        return true;
    }

    private static final byte[] EMPTY = {};
    private static final byte[] HOST = {'h', 'o', 's', 't'};
    private static final byte[] AUTHORITY = {':', 'a', 'u', 't', 'h', 'o', 'r', 'i', 't', 'y'};
}
