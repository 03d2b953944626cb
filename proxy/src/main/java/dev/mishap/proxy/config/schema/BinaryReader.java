package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds the tree from protobuf's wire format. */
final class BinaryReader {
    private final Problems problems;

    BinaryReader(Problems problems) {
        this.problems = problems;
    }

    void message(WireReader in, MessageNode node, int depth) {
        if (depth > Limits.MAX_DEPTH) {
            throw in.malformed("nested deeper than " + Limits.MAX_DEPTH);
        }
        while (in.hasMore()) {
            int tag = in.tag();
            FieldType field = node.type().field(tag >>> 3);
            if (OpaqueMessages.is(node.type())) {
                in.skip(tag);
            } else if (field == null) {
                problems.unknown(node.path() + (node.path().isEmpty() ? "" : ": ") + "message "
                        + node.type().name() + " has no field number " + (tag >>> 3));
                in.skip(tag);
            } else if (field.isMap()) {
                expect(in, field, tag, WireReader.BYTES);
                entry(in.sub(), node, field, depth);
            } else if (field.isRepeated()) {
                repeated(in, tag, node, field, depth);
            } else {
                Object value = single(in, tag, node, field, null, depth);
                if (value != null) {
                    node.put(field, value, 0);
                }
            }
        }
    }

    private void repeated(WireReader in, int tag, MessageNode node, FieldType field, int depth) {
        List<Object> list = node.listFor(field, 0);
        if ((tag & 7) == WireReader.BYTES && wireType(field.kind()) != WireReader.BYTES) {
            WireReader packed = in.sub();
            while (packed.hasMore()) {
                list.add(scalar(packed, field.kind(), field));
            }
            return;
        }
        Object value = single(in, tag, node, field, list.size(), depth);
        if (value != null) {
            list.add(value);
        }
    }

    private void entry(WireReader in, MessageNode node, FieldType field, int depth) {
        Object key = Scalars.defaultOf(field.keyKind());
        Object value = null;
        // The key is needed for the value's path, and may come second.
        int valueTag = 0;
        WireReader valueAt = null;
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag >>> 3 == 1) {
                expect(in, field, tag, wireType(field.keyKind()));
                key = scalar(in, field.keyKind(), field);
            } else if (tag >>> 3 == 2) {
                valueTag = tag;
                if ((tag & 7) == WireReader.BYTES && field.kind() == FieldType.MESSAGE) {
                    valueAt = in.sub();
                } else {
                    expect(in, field, tag, wireType(field.kind()));
                    value = scalar(in, field.kind(), field);
                }
            } else {
                in.skip(tag);
            }
        }
        if (field.kind() == FieldType.MESSAGE) {
            WireReader body = valueAt == null ? new WireReader(new byte[0], 0, 0) : valueAt;
            value = messageValue(body, node, field, key, depth);
        } else if (valueTag == 0) {
            value = Scalars.defaultOf(field.kind());
        }
        if (value != null) {
            node.mapFor(field, 0).put(key, value);
        }
    }

    private @Nullable Object single(
            WireReader in, int tag, MessageNode node, FieldType field, @Nullable Object place, int depth) {
        expect(in, field, tag, wireType(field.kind()));
        if (field.kind() != FieldType.MESSAGE) {
            return scalar(in, field.kind(), field);
        }
        // A message field that occurs again is merged into the first.
        if (place == null && field.wellKnown() == WellKnown.NONE && node.value(field) instanceof MessageNode first) {
            message(in.sub(), first, depth + 1);
            return first;
        }
        return messageValue(in.sub(), node, field, place, depth);
    }

    private @Nullable Object messageValue(
            WireReader in, MessageNode node, FieldType field, @Nullable Object place, int depth) {
        switch (field.wellKnown()) {
            case NONE: {
                MessageNode child = new MessageNode(field.messageType(), node, field, place);
                message(in, child, depth + 1);
                return child;
            }
            case ANY:
                return any(in, node, field, place, depth);
            default:
                return wellKnown(in, field.messageType(), depth + 1);
        }
    }

    private @Nullable Object any(WireReader in, MessageNode node, FieldType field, @Nullable Object place, int depth) {
        if (depth > Limits.MAX_DEPTH) {
            throw in.malformed("nested deeper than " + Limits.MAX_DEPTH);
        }
        String url = "";
        WireReader value = new WireReader(new byte[0], 0, 0);
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag == (1 << 3 | WireReader.BYTES)) {
                url = in.utf8();
            } else if (tag == (2 << 3 | WireReader.BYTES)) {
                value = in.sub();
            } else {
                in.skip(tag);
            }
        }
        if (url.isEmpty()) {
            return null;
        }
        MessageType type = JsonMapping.typeOf(url);
        if (type == null) {
            problems.hard("could not find @type '" + url + "'");
            return null;
        }
        MessageNode child = new MessageNode(type, node, field, place);
        child.inAny(url);
        if (JsonMapping.isTypedStruct(type)) {
            message(value, child, depth + 1);
            return typedStruct(child, url, node, field, place);
        }
        WellKnown wellKnown = type.wellKnown();
        if (wellKnown == WellKnown.NONE || wellKnown == WellKnown.WRAPPER) {
            message(value, child, depth + 1);
        } else if (wellKnown == WellKnown.ANY) {
            return any(value, node, field, place, depth + 1);
        } else {
            child.self(wellKnown(value, type, depth + 1));
        }
        return child;
    }

    private @Nullable Object typedStruct(
            MessageNode struct, String url, MessageNode node, FieldType field, @Nullable Object place) {
        SourceValue value = struct.has("value") ? SourceValue.ofStruct(struct.struct("value"), 0) : null;
        return new JsonMapping(problems).typedStruct(value, struct.string("type_url"), url, 0, node, field, place);
    }

    private Object wellKnown(WireReader in, MessageType type, int depth) {
        if (depth > Limits.MAX_DEPTH) {
            throw in.malformed("nested deeper than " + Limits.MAX_DEPTH);
        }
        switch (type.wellKnown()) {
            case DURATION:
            case TIMESTAMP:
                return TimeValue.read(in);
            case STRUCT:
                return struct(in, depth);
            case LIST:
                return list(in, depth);
            case VALUE: {
                Object value = value(in, depth);
                return value == null ? MessageNode.NULL : value;
            }
            case FIELD_MASK: {
                StringBuilder paths = new StringBuilder();
                while (in.hasMore()) {
                    int tag = in.tag();
                    if (tag == (1 << 3 | WireReader.BYTES)) {
                        paths.append(paths.length() == 0 ? "" : ",").append(in.utf8());
                    } else {
                        in.skip(tag);
                    }
                }
                return paths.toString();
            }
            default:
                return wrapped(in, type.fields()[0]);
        }
    }

    private Object wrapped(WireReader in, FieldType field) {
        Object value = null;
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag >>> 3 == 1) {
                expect(in, field, tag, wireType(field.kind()));
                value = scalar(in, field.kind(), field);
            } else {
                in.skip(tag);
            }
        }
        if (value != null) {
            return value;
        }
        return Scalars.defaultOf(field.kind());
    }

    private Map<String, @Nullable Object> struct(WireReader in, int depth) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag != (1 << 3 | WireReader.BYTES)) {
                in.skip(tag);
                continue;
            }
            WireReader entry = in.sub();
            String key = "";
            Object value = null;
            while (entry.hasMore()) {
                int entryTag = entry.tag();
                if (entryTag == (1 << 3 | WireReader.BYTES)) {
                    key = entry.utf8();
                } else if (entryTag == (2 << 3 | WireReader.BYTES)) {
                    value = value(entry.sub(), depth + 1);
                } else {
                    entry.skip(entryTag);
                }
            }
            map.put(key, value);
        }
        return map;
    }

    private List<@Nullable Object> list(WireReader in, int depth) {
        List<@Nullable Object> list = new ArrayList<>();
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag == (1 << 3 | WireReader.BYTES)) {
                list.add(value(in.sub(), depth + 1));
            } else {
                in.skip(tag);
            }
        }
        return list;
    }

    private @Nullable Object value(WireReader in, int depth) {
        if (depth > Limits.MAX_DEPTH) {
            throw in.malformed("nested deeper than " + Limits.MAX_DEPTH);
        }
        Object value = null;
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case 1 << 3 | WireReader.VARINT:
                    in.varint();
                    value = null;
                    break;
                case 2 << 3 | WireReader.FIXED64:
                    value = Double.longBitsToDouble(in.fixed64());
                    break;
                case 3 << 3 | WireReader.BYTES:
                    value = in.utf8();
                    break;
                case 4 << 3 | WireReader.VARINT:
                    value = in.varint() != 0;
                    break;
                case 5 << 3 | WireReader.BYTES:
                    value = struct(in.sub(), depth);
                    break;
                case 6 << 3 | WireReader.BYTES:
                    value = list(in.sub(), depth);
                    break;
                default:
                    in.skip(tag);
            }
        }
        return value;
    }

    private static void expect(WireReader in, FieldType field, int tag, int wireType) {
        if ((tag & 7) != wireType) {
            throw in.malformed("field " + field.name() + " has wire type " + (tag & 7));
        }
    }

    private static int wireType(int kind) {
        switch (kind) {
            case FieldType.DOUBLE:
            case FieldType.FIXED64:
            case FieldType.SFIXED64:
                return WireReader.FIXED64;
            case FieldType.FLOAT:
            case FieldType.FIXED32:
            case FieldType.SFIXED32:
                return WireReader.FIXED32;
            case FieldType.STRING:
            case FieldType.BYTES:
            case FieldType.MESSAGE:
                return WireReader.BYTES;
            default:
                return WireReader.VARINT;
        }
    }

    private static Object scalar(WireReader in, int kind, FieldType field) {
        switch (kind) {
            case FieldType.DOUBLE:
                return Double.longBitsToDouble(in.fixed64());
            case FieldType.FLOAT:
                return Float.intBitsToFloat(in.fixed32());
            case FieldType.FIXED64:
            case FieldType.UINT64: {
                long value = kind == FieldType.UINT64 ? in.varint() : in.fixed64();
                if (value < 0) {
                    throw new ConfigException(field.name() + ": a value over 9223372036854775807 is not supported");
                }
                return value;
            }
            case FieldType.SFIXED64:
                return in.fixed64();
            case FieldType.FIXED32:
                return in.fixed32() & 0xffffffffL;
            case FieldType.SFIXED32:
                return (long) in.fixed32();
            case FieldType.UINT32:
                return in.varint() & 0xffffffffL;
            case FieldType.BOOL:
                return in.varint() != 0;
            case FieldType.STRING:
                return in.utf8();
            case FieldType.BYTES:
                return in.latin1();
            case FieldType.SINT32:
            case FieldType.SINT64: {
                long v = in.varint();
                return v >>> 1 ^ -(v & 1);
            }
            case FieldType.INT64:
                return in.varint();
            default:
                return (long) (int) in.varint();
        }
    }
}
