package dev.mishap.control.store.local;

import dev.mishap.control.store.Bytes;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Numbers (as varints of 7 bits), texts and bytes into an array that grows. */
final class ByteWriter {
    private byte[] bytes = new byte[8192];
    private int length;

    void clear() {
        length = 0;
        if (bytes.length > 1 << 20) {
            bytes = new byte[8192];
        }
    }

    int length() {
        return length;
    }

    /** What was written; valid until the next write. */
    ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes, 0, length);
    }

    void octet(int value) {
        reserve(1);
        bytes[length++] = (byte) value;
    }

    void number(long value) {
        reserve(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[length++] = (byte) (rest & 0x7f | 0x80);
            rest >>>= 7;
        }
        bytes[length++] = (byte) rest;
    }

    void text(String text) {
        byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
        number(ascii.length);
        append(ByteBuffer.wrap(ascii));
    }

    void bytes(Bytes value) {
        number(value.length());
        append(value.asBuffer());
    }

    private void append(ByteBuffer source) {
        int count = source.remaining();
        reserve(count);
        source.get(bytes, length, count);
        length += count;
    }

    private void reserve(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
        }
    }
}
