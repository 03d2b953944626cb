package dev.mishap.proxy.proto;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Appends the fields of one protobuf message to a growing array. Fields with the default value are left out, as proto3 does,
 * unless the method says otherwise. A nested message is written between {@link #begin} and {@link #end}. Not thread-safe; may
 * be used again after {@link #clear}.
 */
public final class ProtoWriter {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    private static final String TYPE_PREFIX = "type.googleapis.com/";

    private byte[] out;
    private int size;

    public ProtoWriter() {
        this(256);
    }

    /** @param capacity bytes to begin with */
    public ProtoWriter(int capacity) {
        out = new byte[Math.max(16, capacity)];
    }

    /** Forgets what was written and keeps the memory. */
    public void clear() {
        size = 0;
    }

    public int size() {
        return size;
    }

    /** A copy of what was written. */
    public byte[] toByteArray() {
        return Arrays.copyOf(out, size);
    }

    /** What was written, from offset 0 to {@link #size}; valid until the next call, not to be changed. */
    public byte[] array() {
        return out;
    }

    /** An int32, int64, uint32, uint64, bool or enum field. */
    public ProtoWriter varint(int field, long value) {
        return value == 0 ? this : varintAlways(field, value);
    }

    /** The same, written even when it is 0: for oneofs and wrapped values. */
    public ProtoWriter varintAlways(int field, long value) {
        tag(field, VARINT);
        raw(value);
        return this;
    }

    public ProtoWriter bool(int field, boolean value) {
        return varint(field, value ? 1 : 0);
    }

    public ProtoWriter fixed64(int field, long value) {
        if (value != 0) {
            tag(field, FIXED64);
            little(value, 8);
        }
        return this;
    }

    /** The same, written even when it is 0. */
    public ProtoWriter fixed64Always(int field, long value) {
        tag(field, FIXED64);
        little(value, 8);
        return this;
    }

    /** A repeated field of 64 bits each, packed. */
    public ProtoWriter packed64(int field, long[] values) {
        if (values.length > 0) {
            tag(field, BYTES);
            raw(8L * values.length);
            for (long value : values) {
                little(value, 8);
            }
        }
        return this;
    }

    public ProtoWriter fixed32(int field, int value) {
        if (value != 0) {
            tag(field, FIXED32);
            little(value, 4);
        }
        return this;
    }

    /** A double field. */
    public ProtoWriter number(int field, double value) {
        return Double.doubleToRawLongBits(value) == 0 ? this : numberAlways(field, value);
    }

    /** The same, written even when it is 0. */
    public ProtoWriter numberAlways(int field, double value) {
        tag(field, FIXED64);
        little(Double.doubleToRawLongBits(value), 8);
        return this;
    }

    public ProtoWriter string(int field, @Nullable CharSequence value) {
        return value == null || value.length() == 0 ? this : stringAlways(field, value);
    }

    /** The same, written even when it is empty: for oneofs and the elements of a repeated field. */
    public ProtoWriter stringAlways(int field, CharSequence value) {
        // Nearly all is ASCII, which is told by a look and needs no copy.
        int length = value.length();
        for (int i = 0; i < length; i++) {
            if (value.charAt(i) >= 0x80) {
                byte[] utf8 = value.toString().getBytes(StandardCharsets.UTF_8);
                return bytesAlways(field, utf8, 0, utf8.length);
            }
        }
        tag(field, BYTES);
        raw(length);
        need(length);
        for (int i = 0; i < length; i++) {
            out[size++] = (byte) value.charAt(i);
        }
        return this;
    }

    public ProtoWriter bytes(int field, byte[] value) {
        return value.length == 0 ? this : bytesAlways(field, value, 0, value.length);
    }

    /** A bytes field, or a message that is already encoded; written even when it is empty. */
    public ProtoWriter bytesAlways(int field, byte[] value, int offset, int length) {
        tag(field, BYTES);
        raw(length);
        append(value, offset, length);
        return this;
    }

    /** A message that is already encoded. */
    public ProtoWriter message(int field, ProtoWriter encoded) {
        return bytesAlways(field, encoded.out, 0, encoded.size);
    }

    /** Starts a nested message; {@link #end} with the result ends it. */
    public int begin(int field) {
        tag(field, BYTES);
        need(1);
        return size++;
    }

    /** Ends the nested message that {@code begun} started. */
    public ProtoWriter end(int begun) {
        int length = size - begun - 1;
        // One byte is enough for the length of most messages; what is longer moves up.
        int extra = varintSize(length) - 1;
        if (extra > 0) {
            need(extra);
            System.arraycopy(out, begun + 1, out, begun + 1 + extra, length);
        }
        int end = size + extra;
        size = begun;
        raw(length);
        size = end;
        return this;
    }

    /** Appends fields that are already encoded. */
    public ProtoWriter append(byte[] value, int offset, int length) {
        need(length);
        System.arraycopy(value, offset, out, size, length);
        size += length;
        return this;
    }

    /** A google.protobuf.Any field of the message {@code type}, without a prefix, that is already encoded. */
    public ProtoWriter any(int field, String type, ProtoWriter encoded) {
        int begun = begin(field);
        string(1, TYPE_PREFIX + type);
        if (encoded.size > 0) {
            message(2, encoded);
        }
        return end(begun);
    }

    /** A google.protobuf.Duration or Timestamp field. */
    public ProtoWriter time(int field, long nanos) {
        int begun = begin(field);
        boolean timestamp = nanos >= 0;
        varint(1, timestamp ? nanos / 1_000_000_000 : -(-nanos / 1_000_000_000));
        varint(2, timestamp ? nanos % 1_000_000_000 : -(-nanos % 1_000_000_000));
        return end(begun);
    }

    /** A google.protobuf.Struct field of String, Number, Boolean, List, Map or null values. */
    public ProtoWriter struct(int field, Map<?, ?> values) {
        int begun = begin(field);
        for (Map.Entry<?, ?> e : values.entrySet()) {
            int entry = begin(1);
            string(1, String.valueOf(e.getKey()));
            value(2, e.getValue());
            end(entry);
        }
        return end(begun);
    }

    /** A google.protobuf.Value field. */
    public ProtoWriter value(int field, @Nullable Object value) {
        int begun = begin(field);
        if (value instanceof Number n) {
            numberAlways(2, n.doubleValue());
        } else if (value instanceof Boolean b) {
            varintAlways(4, b ? 1 : 0);
        } else if (value instanceof Map<?, ?> map) {
            struct(5, map);
        } else if (value instanceof List<?> list) {
            int elements = begin(6);
            for (Object element : list) {
                value(1, element);
            }
            end(elements);
        } else if (value == null) {
            varintAlways(1, 0);
        } else {
            stringAlways(3, value.toString());
        }
        return end(begun);
    }

    private void tag(int field, int wireType) {
        raw((long) field << 3 | wireType);
    }

    private void raw(long value) {
        need(10);
        long v = value;
        while ((v & ~0x7fL) != 0) {
            out[size++] = (byte) (v | 0x80);
            v >>>= 7;
        }
        out[size++] = (byte) v;
    }

    private static int varintSize(int value) {
        return value == 0 ? 1 : (38 - Integer.numberOfLeadingZeros(value)) / 7;
    }

    private void little(long value, int bytes) {
        need(bytes);
        for (int i = 0; i < bytes; i++) {
            out[size++] = (byte) (value >>> 8 * i);
        }
    }

    private void need(int bytes) {
        if (out.length - size < bytes) {
            out = Arrays.copyOf(out, Math.max(out.length * 2, size + bytes));
        }
    }
}
