package dev.mishap.proxy.config.schema;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The messages of Envoy's API and of our extensions, read from one resource that the project's tests generate from the
 * compiled descriptors. A message is decoded when it is first named, so that a start pays for what its configuration uses.
 *
 * <p>The resource, big endian: magic, message count, enum count, string count (int each); an offset into the body per message,
 * then per enum; an offset into the text per string, and one past the last; the text (UTF-8); the body. The first strings are
 * the sorted names of the messages, then of the enums, so that a look-up is a binary search over bytes in place. In the body
 * integers are varints. A message: flags; oneofs (count; name, required); fields by number (count; name, number, flags, key
 * type of a map, type, index of the message or enum, index of the oneof + 1, JSON name if it is not the usual one, length and
 * bytes of its {@code validate.FieldRules}). An enum: count; name, number.
 */
final class Schema {
    static final int MAGIC = 0x4d534331;
    static final int MESSAGE_UNCHECKED = 1;
    static final int FIELD_REPEATED = 1;
    static final int FIELD_MAP = 2;
    static final int FIELD_PRESENCE = 4;
    static final int FIELD_DEPRECATED = 8;
    static final int FIELD_RULES = 16;
    static final int FIELD_JSON_NAME = 32;
    static final int FIELD_SENSITIVE = 64;

    private static final String RESOURCE = "envoy-api.schema";
    private static final int HEADER = 16;

    private final byte[] data;
    private final int messageCount;
    private final int stringTable;
    private final int text;
    private final int body;
    private final @Nullable String[] strings;
    private final @Nullable MessageType[] messages;
    private final @Nullable EnumType[] enums;

    private Schema(byte[] data) {
        this.data = data;
        if (int32(0) != MAGIC) {
            throw new IllegalStateException(RESOURCE + " is not a schema");
        }
        messageCount = int32(4);
        int enumCount = int32(8);
        int stringCount = int32(12);
        stringTable = HEADER + 4 * (messageCount + enumCount);
        text = stringTable + 4 * (stringCount + 1);
        body = text + int32(stringTable + 4 * stringCount);
        strings = new String[stringCount];
        messages = new MessageType[messageCount];
        enums = new EnumType[enumCount];
    }

    private static final class Holder {
        static final Schema INSTANCE = load();
    }

    static Schema get() {
        return Holder.INSTANCE;
    }

    private static Schema load() {
        try (InputStream in = Schema.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException(RESOURCE + " is missing");
            }
            return new Schema(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The message called {@code fullName}, or null. */
    @Nullable
    MessageType message(String fullName) {
        int low = 0;
        int high = messageCount - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = compareString(middle, fullName);
            if (order == 0) {
                return messageAt(middle);
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return OpaqueMessages.of(fullName);
    }

    int messageCount() {
        return messageCount;
    }

    // Decoding twice in two threads gives two equal immutable objects, of which one stays: no lock is needed.
    MessageType messageAt(int index) {
        MessageType type = messages[index];
        if (type == null) {
            type = new Cursor(body + int32(HEADER + 4 * index)).message(index);
            messages[index] = type;
        }
        return type;
    }

    EnumType enumAt(int index) {
        EnumType type = enums[index];
        if (type == null) {
            type = new Cursor(body + int32(HEADER + 4 * (messageCount + index))).enumType(index);
            enums[index] = type;
        }
        return type;
    }

    private String string(int id) {
        String s = strings[id];
        if (s == null) {
            int at = text + int32(stringTable + 4 * id);
            s = new String(data, at, text + int32(stringTable + 4 * id + 4) - at, StandardCharsets.UTF_8);
            strings[id] = s;
        }
        return s;
    }

    private int compareString(int id, String other) {
        int at = text + int32(stringTable + 4 * id);
        int length = text + int32(stringTable + 4 * id + 4) - at;
        int common = Math.min(length, other.length());
        for (int i = 0; i < common; i++) {
            int order = data[at + i] - other.charAt(i);
            if (order != 0) {
                return order;
            }
        }
        return length - other.length();
    }

    private int int32(int at) {
        return (data[at] & 0xff) << 24 | (data[at + 1] & 0xff) << 16 | (data[at + 2] & 0xff) << 8 | data[at + 3] & 0xff;
    }

    private final class Cursor {
        private int at;

        Cursor(int at) {
            this.at = at;
        }

        MessageType message(int index) {
            int flags = varint();
            String[] oneofs = new String[varint()];
            boolean[] required = new boolean[oneofs.length];
            for (int i = 0; i < oneofs.length; i++) {
                oneofs[i] = string(varint());
                required[i] = data[at++] != 0;
            }
            FieldType[] fields = new FieldType[varint()];
            for (int i = 0; i < fields.length; i++) {
                fields[i] = field();
            }
            return new MessageType(string(index), fields, oneofs, required, (flags & MESSAGE_UNCHECKED) == 0);
        }

        private FieldType field() {
            String name = string(varint());
            int number = varint();
            int flags = varint();
            int keyKind = (flags & FIELD_MAP) != 0 ? data[at++] : 0;
            int kind = data[at++];
            int ref = kind == FieldType.MESSAGE || kind == FieldType.ENUM ? varint() : -1;
            int oneof = varint() - 1;
            String jsonName = (flags & FIELD_JSON_NAME) != 0 ? string(varint()) : FieldType.camelCase(name);
            int rulesLength = (flags & FIELD_RULES) != 0 ? varint() : 0;
            int rulesAt = at;
            at += rulesLength;
            return new FieldType(
                    Schema.this, name, jsonName, number, flags, keyKind, kind, ref, oneof, data, rulesAt, rulesLength);
        }

        EnumType enumType(int index) {
            int count = varint();
            String[] names = new String[count];
            int[] numbers = new int[count];
            for (int i = 0; i < count; i++) {
                names[i] = string(varint());
                numbers[i] = varint();
            }
            return new EnumType(string(messageCount + index), names, numbers);
        }

        private int varint() {
            int value = 0;
            int shift = 0;
            while (true) {
                byte b = data[at++];
                value |= (b & 0x7f) << shift;
                if (b >= 0) {
                    return value;
                }
                shift += 7;
            }
        }
    }
}
