package dev.mishap.proxy.admin;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Cuts the bytes of a connection into HTTP/1 requests. Strict: what is not plainly a request is refused. */
final class AdminRequestReader {
    private static final int MAX_HEAD = 64 * 1024;
    private static final int MAX_BODY = 2 * 1024 * 1024;
    /** The longest line that begins a chunk, extensions included. */
    private static final int MAX_CHUNK_LINE = 4096;

    private byte[] data = new byte[0];
    private int length;
    /** How far the end of the head was looked for, so that a slow sender does not have everything read again. */
    private int headSearched;
    /** A chunked body as far as it has come, and where its next chunk begins; null = none is under way. */
    private @Nullable ByteArrayOutputStream chunks;

    private int chunkAt;
    private boolean continueAsked;
    private boolean continueSent;

    /**
     * A request as read.
     *
     * @param query without its question mark, {@code ""} for none
     */
    record Parsed(
            String method,
            String path,
            String query,
            Map<String, String> headers,
            byte[] body,
            boolean http10,
            boolean keepAlive) {}

    /** What was sent is no request; the connection can't go on. */
    static final class BadRequest extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int status;

        BadRequest(int status, String message) {
            super(message, null, false, false);
            this.status = status;
        }

        int status() {
            return status;
        }
    }

    void append(byte[] more) {
        if (length + more.length > data.length) {
            data = Arrays.copyOf(data, Math.max(length + more.length, data.length * 2));
        }
        System.arraycopy(more, 0, data, length, more.length);
        length += more.length;
    }

    /** Whether the client waits for 100 Continue before it sends the body; true once. */
    boolean expectsContinue() {
        boolean now = continueAsked && !continueSent;
        continueSent |= now;
        return now;
    }

    /** The next complete request, or null. */
    @Nullable
    Parsed next() {
        int headEnd = find("\r\n\r\n", Math.max(0, headSearched - 3));
        if ((headEnd < 0 ? length : headEnd) > MAX_HEAD) {
            throw new BadRequest(431, "Request Header Fields Too Large");
        }
        if (headEnd < 0) {
            headSearched = length;
            return null;
        }
        headSearched = headEnd;
        String[] lines = new String(data, 0, headEnd, StandardCharsets.ISO_8859_1).split("\r\n", -1);
        String[] start = lines[0].split(" ", -1);
        if (start.length != 3 || start[0].isEmpty() || !(start[2].equals("HTTP/1.1") || start[2].equals("HTTP/1.0"))) {
            throw new BadRequest(400, "Bad Request");
        }
        Map<String, String> headers = headers(lines);
        int bodyAt = headEnd + 4;
        boolean chunked = "chunked".equalsIgnoreCase(headers.get("transfer-encoding"));
        if (headers.containsKey("transfer-encoding") && (!chunked || headers.containsKey("content-length"))) {
            throw new BadRequest(400, "Bad Request");
        }
        continueAsked = "100-continue".equalsIgnoreCase(headers.get("expect"));
        Body body = chunked ? chunkedBody(bodyAt) : plainBody(bodyAt, headers.get("content-length"));
        if (body == null) {
            return null;
        }
        data = Arrays.copyOfRange(data, body.end(), length);
        length = data.length;
        headSearched = 0;
        chunks = null;
        continueAsked = false;
        continueSent = false;
        boolean http10 = start[2].equals("HTTP/1.0");
        String connection = headers.getOrDefault("connection", "").toLowerCase(Locale.ROOT);
        String target = start[1];
        if (target.startsWith("http://")) {
            int slash = target.indexOf('/', 7);
            target = slash < 0 ? "/" : target.substring(slash);
        }
        if (!target.startsWith("/")) {
            throw new BadRequest(400, "Bad Request");
        }
        int mark = target.indexOf('?');
        return new Parsed(
                start[0],
                mark < 0 ? target : target.substring(0, mark),
                mark < 0 ? "" : target.substring(mark + 1),
                headers,
                body.bytes(),
                http10,
                !http10 && !connection.contains("close"));
    }

    private static Map<String, String> headers(String[] lines) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            if (colon <= 0 || lines[i].charAt(0) <= ' ' || lines[i].charAt(colon - 1) <= ' ') {
                throw new BadRequest(400, "Bad Request");
            }
            String name = lines[i].substring(0, colon).toLowerCase(Locale.ROOT);
            String value = lines[i].substring(colon + 1).strip();
            String before = headers.putIfAbsent(name, value);
            if (before != null && name.equals("content-length") && !before.equals(value)) {
                throw new BadRequest(400, "Bad Request");
            }
        }
        return headers;
    }

    private record Body(byte[] bytes, int end) {}

    private @Nullable Body plainBody(int from, @Nullable String contentLength) {
        long size = contentLength == null ? 0 : number(contentLength, 10);
        if (size > MAX_BODY) {
            throw new BadRequest(413, "Payload Too Large");
        }
        int end = from + (int) size;
        return length < end ? null : new Body(Arrays.copyOfRange(data, from, end), end);
    }

    private @Nullable Body chunkedBody(int from) {
        ByteArrayOutputStream out = chunks;
        if (out == null) {
            out = new ByteArrayOutputStream();
            chunks = out;
            chunkAt = from;
        }
        while (true) {
            int at = chunkAt;
            int lineEnd = find("\r\n", at);
            if ((lineEnd < 0 ? length : lineEnd) - at > MAX_CHUNK_LINE) {
                throw new BadRequest(400, "Bad Request");
            }
            if (lineEnd < 0) {
                return null;
            }
            String line = new String(data, at, lineEnd - at, StandardCharsets.ISO_8859_1);
            int semicolon = line.indexOf(';');
            long size = number((semicolon < 0 ? line : line.substring(0, semicolon)).strip(), 16);
            if (out.size() + size > MAX_BODY) {
                throw new BadRequest(413, "Payload Too Large");
            }
            at = lineEnd + 2;
            if (size == 0) {
                // trailers, if any, end with an empty line
                int end = find("\r\n", at) == at ? at : find("\r\n\r\n", at);
                if (end < 0 && length - at > MAX_HEAD) {
                    throw new BadRequest(431, "Request Header Fields Too Large");
                }
                if (end < 0) {
                    return null;
                }
                return new Body(out.toByteArray(), end == at ? at + 2 : end + 4);
            }
            if (length < at + size + 2) {
                return null;
            }
            int end = at + (int) size;
            if (data[end] != '\r' || data[end + 1] != '\n') {
                throw new BadRequest(400, "Bad Request");
            }
            out.write(data, at, (int) size);
            chunkAt = end + 2;
        }
    }

    /** Digits and nothing else, without a sign. One that is too large reads as the largest there is. */
    private static long number(String text, int radix) {
        if (text.isEmpty()) {
            throw new BadRequest(400, "Bad Request");
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int digit = c < 128 ? Character.digit(c, radix) : -1;
            if (digit < 0) {
                throw new BadRequest(400, "Bad Request");
            }
            value = Math.min(Integer.MAX_VALUE, value * radix + digit);
        }
        return value;
    }

    private int find(String what, int from) {
        for (int i = from; i + what.length() <= length; i++) {
            int k = 0;
            while (k < what.length() && data[i + k] == what.charAt(k)) {
                k++;
            }
            if (k == what.length()) {
                return i;
            }
        }
        return -1;
    }
}
