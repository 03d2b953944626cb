package dev.mishap.proxy.tls;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** As much of DER as private keys and alternative names need: one element after the other, and a few that are written. */
final class Der {
    static final int INTEGER = 0x02;
    static final int OCTETS = 0x04;
    static final int OID = 0x06;
    static final int SEQUENCE = 0x30;

    private final byte[] bytes;
    private int at;
    private final int end;

    Der(byte[] bytes) {
        this(bytes, 0, bytes.length);
    }

    private Der(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    boolean hasMore() {
        return at < end;
    }

    /** The tag of the next element. */
    int tag() {
        if (at >= end) {
            throw new IllegalArgumentException("DER ends too early");
        }
        return bytes[at] & 0xff;
    }

    /** The next element's content, to be read on. */
    Der next() {
        tag();
        int p = at + 1;
        if (p >= end) {
            throw new IllegalArgumentException("DER ends too early");
        }
        int length = bytes[p++] & 0xff;
        if (length > 0x80) {
            int octets = length & 0x7f;
            length = 0;
            if (octets > 3 || p + octets > end) {
                throw new IllegalArgumentException("DER length out of bounds");
            }
            for (int i = 0; i < octets; i++) {
                length = length << 8 | bytes[p++] & 0xff;
            }
        } else if (length == 0x80) {
            throw new IllegalArgumentException("not DER");
        }
        if (length > end - p) {
            throw new IllegalArgumentException("DER length out of bounds");
        }
        at = p + length;
        return new Der(bytes, p, at);
    }

    /** The next element, whose tag must be {@code tag}. */
    Der next(int tag) {
        if (tag() != tag) {
            throw new IllegalArgumentException("DER tag " + tag() + " in the place of " + tag);
        }
        return next();
    }

    /** What is left. */
    byte[] rest() {
        return Arrays.copyOfRange(bytes, at, end);
    }

    String text() {
        return new String(rest(), StandardCharsets.UTF_8);
    }

    /** What is left, as the dotted form of an object identifier. */
    String oid() {
        StringBuilder out = new StringBuilder();
        long value = 0;
        boolean first = true;
        for (int i = at; i < end; i++) {
            value = value << 7 | bytes[i] & 0x7f;
            if (value > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("OID out of bounds");
            }
            if ((bytes[i] & 0x80) == 0) {
                if (first) {
                    long arc = Math.min(2, value / 40);
                    out.append(arc).append('.').append(value - arc * 40);
                    first = false;
                } else {
                    out.append('.').append(value);
                }
                value = 0;
            }
        }
        return out.toString();
    }

    /** An element of {@code tag} whose content is {@code parts} one after the other. */
    static byte[] of(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(length + 5);
        out.write(tag);
        if (length < 0x80) {
            out.write(length);
        } else {
            int octets = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
            out.write(0x80 | octets);
            for (int shift = (octets - 1) * 8; shift >= 0; shift -= 8) {
                out.write(length >> shift);
            }
        }
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
