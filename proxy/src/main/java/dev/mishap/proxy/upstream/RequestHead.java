package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.Upgrades;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Writes the head of an HTTP/1.1 request from a header map's bytes. */
final class RequestHead {
    private static final byte[] VERSION = ascii(" HTTP/1.1\r\n");
    private static final byte[] AFTER_SCHEME = ascii("://");
    private static final byte[] HOST = ascii("host: ");
    private static final byte[] HOST_CASED = ascii("Host: ");
    private static final byte[] NO_BODY = ascii("content-length: 0\r\n");
    private static final byte[] CHUNKED = ascii("transfer-encoding: chunked\r\n");
    private static final byte[] NO_BODY_CASED = ascii("Content-Length: 0\r\n");
    private static final byte[] CHUNKED_CASED = ascii("Transfer-Encoding: chunked\r\n");
    private static final int CRLF = '\r' << 8 | '\n';
    private static final int COLON_BLANK = ':' << 8 | ' ';
    private static final byte[][] BODILESS = {
        ascii("GET"), ascii("HEAD"), ascii("DELETE"), ascii("TRACE"), ascii("CONNECT")
    };
    static final byte[] HEAD_METHOD = BODILESS[1];

    /** How the body is sent. */
    enum Framing {
        NONE,
        LENGTH,
        CHUNKED,
        /** After an upgrade: bytes as they come. */
        RAW
    }

    private RequestHead() {}

    private static byte[] ascii(String s) {
        return s.getBytes(StandardCharsets.US_ASCII);
    }

    /** Bytes of the start line that {@link #write} writes, with its end. */
    static int startLineSize(HeaderMap headers, UpstreamHttpConfig.Http1 options) {
        int before = options.fullyQualifiedUrl() && !Upgrades.isConnect(headers)
                ? size(headers, HeaderName.SCHEME) + AFTER_SCHEME.length + size(headers, HeaderName.AUTHORITY)
                : 0;
        return size(headers, HeaderName.METHOD) + 1 + before + size(headers, HeaderName.PATH) + VERSION.length;
    }

    private static int size(HeaderMap headers, HeaderName name) {
        int i = headers.indexOf(name);
        return i < 0 ? 0 : headers.valueLength(i);
    }

    /** An upper bound of what {@link #write} writes. */
    static int sizeBound(HeaderMap headers) {
        return headers.byteSize() + 4 * headers.size() + 64;
    }

    /** Writes start line, headers and the blank line; hop-by-hop headers other than those of an upgrade are left out. */
    static Framing write(HeaderMap headers, boolean endStream, UpstreamHttpConfig.Http1 options, ByteBuf out) {
        boolean properCase = options.properCaseHeaders();
        int method = headers.indexOf(HeaderName.METHOD);
        byte[] arena = headers.arena();
        value(headers, arena, method, out);
        out.writeByte(' ');
        boolean connect = Upgrades.isConnect(headers);
        int authority = headers.indexOf(HeaderName.AUTHORITY);
        if (options.fullyQualifiedUrl() && !connect) {
            value(headers, arena, headers.indexOf(HeaderName.SCHEME), out);
            out.writeBytes(AFTER_SCHEME);
            value(headers, arena, authority, out);
        }
        value(headers, arena, connect ? authority : headers.indexOf(HeaderName.PATH), out);
        out.writeBytes(VERSION);
        if (authority >= 0) {
            out.writeBytes(properCase ? HOST_CASED : HOST);
            value(headers, arena, authority, out);
            out.writeShort(CRLF);
        }
        boolean upgrade = Upgrades.asksForProtocol(headers);
        boolean length = false;
        for (int i = 0, n = headers.size(); i < n; i++) {
            if (headers.isPseudo(i) || headers.isNamed(i, HeaderName.TRANSFER_ENCODING)) {
                continue;
            }
            length |= headers.isNamed(i, HeaderName.CONTENT_LENGTH);
            name(arena, headers.nameOffset(i), headers.nameLength(i), properCase, out);
            out.writeShort(COLON_BLANK);
            out.writeBytes(arena, headers.valueOffset(i), headers.valueLength(i));
            out.writeShort(CRLF);
        }
        Framing framing;
        if (upgrade || connect) {
            framing = Framing.RAW;
        } else if (length) {
            framing = Framing.LENGTH;
        } else if (!endStream) {
            framing = Framing.CHUNKED;
            out.writeBytes(properCase ? CHUNKED_CASED : CHUNKED);
        } else {
            framing = Framing.NONE;
            if (!bodiless(headers, method)) {
                out.writeBytes(properCase ? NO_BODY_CASED : NO_BODY);
            }
        }
        out.writeShort(CRLF);
        return framing;
    }

    private static void value(HeaderMap headers, byte[] arena, int index, ByteBuf out) {
        if (index >= 0) {
            out.writeBytes(arena, headers.valueOffset(index), headers.valueLength(index));
        }
    }

    /** A method whose requests have no body unless they say so; others tell that theirs is empty. */
    private static boolean bodiless(HeaderMap headers, int method) {
        for (byte[] name : BODILESS) {
            if (method >= 0 && headers.valueEquals(method, name)) {
                return true;
            }
        }
        return false;
    }

    static boolean isHead(HeaderMap headers) {
        int method = headers.indexOf(HeaderName.METHOD);
        return method >= 0 && headers.valueEquals(method, HEAD_METHOD);
    }

    /** Writes {@code chunk-size CRLF}, after the CRLF that ends the chunk before. */
    static void chunkSize(int size, boolean first, ByteBuf out) {
        if (!first) {
            out.writeShort(CRLF);
        }
        int shift = 28 - Integer.numberOfLeadingZeros(size | 1) / 4 * 4;
        for (; shift >= 0; shift -= 4) {
            out.writeByte(Character.forDigit(size >>> shift & 0xf, 16));
        }
        out.writeShort(CRLF);
    }

    /** Writes the last chunk and the trailers, if any. */
    static void lastChunk(boolean first, @Nullable HeaderMap trailers, boolean properCase, ByteBuf out) {
        if (!first) {
            out.writeShort(CRLF);
        }
        out.writeByte('0');
        out.writeShort(CRLF);
        if (trailers != null) {
            byte[] arena = trailers.arena();
            for (int i = 0, n = trailers.size(); i < n; i++) {
                name(arena, trailers.nameOffset(i), trailers.nameLength(i), properCase, out);
                out.writeShort(COLON_BLANK);
                out.writeBytes(arena, trailers.valueOffset(i), trailers.valueLength(i));
                out.writeShort(CRLF);
            }
        }
        out.writeShort(CRLF);
    }

    private static void name(byte[] arena, int offset, int length, boolean properCase, ByteBuf out) {
        if (!properCase) {
            out.writeBytes(arena, offset, length);
            return;
        }
        boolean start = true;
        for (int i = offset; i < offset + length; i++) {
            byte b = arena[i];
            out.writeByte(start && b >= 'a' && b <= 'z' ? b - 32 : b);
            start = !(b >= 'a' && b <= 'z' || b >= '0' && b <= '9');
        }
    }
}
