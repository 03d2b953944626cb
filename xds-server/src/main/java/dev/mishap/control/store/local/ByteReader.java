package dev.mishap.control.store.local;

import dev.mishap.control.store.Bytes;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Reads what {@link ByteWriter} wrote; anything else is an {@link IllegalArgumentException}, never more memory than the input. */
final class ByteReader {
    private final ByteBuffer in;

    ByteReader(ByteBuffer in) {
        this.in = in;
    }

    boolean hasMore() {
        return in.hasRemaining();
    }

    int octet() {
        require(1);
        return in.get();
    }

    long number() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            int next = octet();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number has more than 10 bytes");
    }

    /** A count of things that take a byte each or more. */
    int count() {
        long count = number();
        if (count < 0 || count > in.remaining()) {
            throw new IllegalArgumentException("a length of " + count + " with " + in.remaining() + " bytes left");
        }
        return (int) count;
    }

    String text() {
        return new String(array(), StandardCharsets.US_ASCII);
    }

    Bytes bytes() {
        return Bytes.ofTransferred(array());
    }

    private byte[] array() {
        byte[] array = new byte[count()];
        in.get(array);
        return array;
    }

    private void require(int count) {
        if (in.remaining() < count) {
            throw new IllegalArgumentException("it ends too early");
        }
    }
}
