package dev.mishap.proxy.config.schema;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads protobuf's wire format from a part of a byte array. Anything cut short or malformed is a {@link ConfigException}. */
public final class WireReader {
    public static final int VARINT = 0;
    static final int FIXED64 = 1;
    public static final int BYTES = 2;
    static final int GROUP = 3;
    static final int FIXED32 = 5;

    private final byte[] data;
    private final int end;
    private int at;

    /** A reader of {@code data} from {@code from} up to {@code end}. */
    public WireReader(byte[] data, int from, int end) {
        this.data = data;
        this.at = from;
        this.end = end;
    }

    /** Whether there is another field. */
    public boolean hasMore() {
        return at < end;
    }

    /** The next field's number, shifted left by three, and its wire type. */
    public int tag() {
        long tag = varint();
        if (tag >>> 3 == 0 || tag >>> 32 != 0) {
            throw malformed("bad tag");
        }
        return (int) tag;
    }

    /** The next value of wire type {@link #VARINT}. */
    public long varint() {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            if (at >= end) {
                throw malformed("cut short");
            }
            byte b = data[at++];
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw malformed("varint of more than 10 bytes");
    }

    int fixed32() {
        need(4);
        int v = (data[at] & 0xff)
                | (data[at + 1] & 0xff) << 8
                | (data[at + 2] & 0xff) << 16
                | (data[at + 3] & 0xff) << 24;
        at += 4;
        return v;
    }

    long fixed64() {
        return (fixed32() & 0xffffffffL) | (long) fixed32() << 32;
    }

    /** A reader over the next length-delimited value. */
    public WireReader sub() {
        int length = length();
        WireReader sub = new WireReader(data, at, at + length);
        at += length;
        return sub;
    }

    /** The next length-delimited value as text. */
    public String utf8() {
        int length = length();
        try {
            String s = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(data, at, length))
                    .toString();
            at += length;
            return s;
        } catch (CharacterCodingException e) {
            throw malformed("a string is not UTF-8");
        }
    }

    /** A copy of the next length-delimited value. */
    public byte[] bytes() {
        int length = length();
        byte[] copy = Arrays.copyOfRange(data, at, at + length);
        at += length;
        return copy;
    }

    String latin1() {
        int length = length();
        String s = new String(data, at, length, StandardCharsets.ISO_8859_1);
        at += length;
        return s;
    }

    /** Passes over the value that {@code tag} announces. */
    public void skip(int tag) {
        switch (tag & 7) {
            case VARINT:
                varint();
                break;
            case FIXED64:
                need(8);
                at += 8;
                break;
            case BYTES:
                int length = length();
                at += length;
                break;
            case FIXED32:
                need(4);
                at += 4;
                break;
            default:
                throw malformed("unexpected wire type " + (tag & 7));
        }
    }

    private int length() {
        long length = varint();
        if (length < 0 || length > end - at) {
            throw malformed("a length of " + length + " passes the end");
        }
        return (int) length;
    }

    private void need(int n) {
        if (end - at < n) {
            throw malformed("cut short");
        }
    }

    ConfigException malformed(String what) {
        return new ConfigException("not a protobuf message: " + what + " (offset " + at + ")");
    }
}
