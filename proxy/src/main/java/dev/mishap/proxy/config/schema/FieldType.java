package dev.mishap.proxy.config.schema;

import org.jspecify.annotations.Nullable;

/** A field of a message of the schema. Kinds are numbered as in {@code google.protobuf.FieldDescriptorProto.Type}. Immutable. */
final class FieldType {
    static final int DOUBLE = 1;
    static final int FLOAT = 2;
    static final int INT64 = 3;
    static final int UINT64 = 4;
    static final int INT32 = 5;
    static final int FIXED64 = 6;
    static final int FIXED32 = 7;
    static final int BOOL = 8;
    static final int STRING = 9;
    static final int MESSAGE = 11;
    static final int BYTES = 12;
    static final int UINT32 = 13;
    static final int ENUM = 14;
    static final int SFIXED32 = 15;
    static final int SFIXED64 = 16;
    static final int SINT32 = 17;
    static final int SINT64 = 18;

    private final Schema schema;
    private final String name;
    private final String jsonName;
    private final int number;
    private final int flags;
    private final int keyKind;
    private final int kind;
    private final int ref;
    private final int oneof;
    private final byte[] rulesData;
    private final int rulesAt;
    private final int rulesLength;
    private @Nullable FieldRules rules;

    FieldType(
            Schema schema,
            String name,
            String jsonName,
            int number,
            int flags,
            int keyKind,
            int kind,
            int ref,
            int oneof,
            byte[] rulesData,
            int rulesAt,
            int rulesLength) {
        this.schema = schema;
        this.name = name;
        this.jsonName = jsonName;
        this.number = number;
        this.flags = flags;
        this.keyKind = keyKind;
        this.kind = kind;
        this.ref = ref;
        this.oneof = oneof;
        this.rulesData = rulesData;
        this.rulesAt = rulesAt;
        this.rulesLength = rulesLength;
    }

    /** A proto field name as protobuf's JSON mapping spells it. */
    static String camelCase(String name) {
        if (name.indexOf('_') < 0) {
            return name;
        }
        StringBuilder s = new StringBuilder(name.length());
        boolean upper = false;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '_') {
                upper = true;
            } else {
                s.append(upper && c >= 'a' && c <= 'z' ? (char) (c - 32) : c);
                upper = false;
            }
        }
        return s.toString();
    }

    String name() {
        return name;
    }

    String jsonName() {
        return jsonName;
    }

    int number() {
        return number;
    }

    /** The kind of the value; of a map, the kind of its values. */
    int kind() {
        return kind;
    }

    /** The kind of a map's keys. */
    int keyKind() {
        return keyKind;
    }

    boolean isRepeated() {
        return (flags & Schema.FIELD_REPEATED) != 0;
    }

    boolean isMap() {
        return (flags & Schema.FIELD_MAP) != 0;
    }

    boolean isSingular() {
        return (flags & (Schema.FIELD_REPEATED | Schema.FIELD_MAP)) == 0;
    }

    /** Whether the field tells "absent" from "default": messages, members of a oneof, optional scalars. */
    boolean hasPresence() {
        return (flags & Schema.FIELD_PRESENCE) != 0;
    }

    boolean isDeprecated() {
        return (flags & Schema.FIELD_DEPRECATED) != 0;
    }

    boolean isSensitive() {
        return (flags & Schema.FIELD_SENSITIVE) != 0;
    }

    /** The index of the oneof that the field belongs to, or -1. */
    int oneof() {
        return oneof;
    }

    MessageType messageType() {
        return schema.messageAt(ref);
    }

    EnumType enumType() {
        return schema.enumAt(ref);
    }

    /** The kind of well-known type of the field's values; {@link WellKnown#NONE} for scalars and ordinary messages. */
    WellKnown wellKnown() {
        return kind == MESSAGE ? messageType().wellKnown() : WellKnown.NONE;
    }

    /** The validation rules, or null when there are none. */
    @Nullable
    FieldRules rules() {
        if (rules == null && rulesLength > 0) {
            rules = FieldRules.decode(rulesData, rulesAt, rulesLength);
        }
        return rules;
    }

    @Override
    public String toString() {
        return name;
    }
}
