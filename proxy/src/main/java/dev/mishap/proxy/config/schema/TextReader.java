package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds the tree from protobuf's text format. */
final class TextReader {
    private final TextLexer in;
    private final Problems problems;

    TextReader(String text, Problems problems) {
        in = new TextLexer(text);
        this.problems = problems;
    }

    void document(MessageNode root) {
        root.position(in.position());
        fields(root, '\0', 0);
    }

    private void fields(MessageNode node, char end, int depth) {
        checkDepth(depth);
        while (!in.atEnd(end)) {
            int position = in.position();
            String name = in.fieldName();
            FieldType field = node.type().field(name);
            if (OpaqueMessages.is(node.type())) {
                skipValue(depth);
            } else if (field == null || !field.name().equals(name)) {
                problems.unknown("Message type \"" + node.type().name() + "\" has no field named \"" + name
                        + "\", near " + SourceValue.place(position));
                skipValue(depth);
            } else {
                field(node, field, position, depth);
            }
            in.separator();
        }
    }

    private void checkDepth(int depth) {
        if (depth > Limits.MAX_DEPTH) {
            throw in.error("nested deeper than " + Limits.MAX_DEPTH);
        }
    }

    private void field(MessageNode node, FieldType field, int position, int depth) {
        boolean colon = in.accept(':');
        if (!colon && field.kind() != FieldType.MESSAGE && !field.isMap()) {
            throw in.error("expected ':'");
        }
        if (field.isSingular()) {
            boolean seen = node.value(field) != null;
            Object value = single(node, field, null, position, depth);
            if (seen) {
                throw in.error("Non-repeated field \"" + field.name() + "\" is specified multiple times");
            }
            if (value != null) {
                node.put(field, value, position);
            }
        } else if (in.accept('[')) {
            while (!in.accept(']')) {
                element(node, field, depth);
                if (!in.accept(',')) {
                    in.expect(']');
                    return;
                }
            }
        } else {
            element(node, field, depth);
        }
    }

    private void element(MessageNode node, FieldType field, int depth) {
        int position = in.position();
        if (field.isMap()) {
            entry(node, field, position, depth);
            return;
        }
        List<Object> list = node.listFor(field, position);
        Object value = single(node, field, list.size(), position, depth);
        if (value != null) {
            list.add(value);
        }
    }

    private void entry(MessageNode node, FieldType field, int position, int depth) {
        char close = in.open();
        Object key = Scalars.defaultOf(field.keyKind());
        Object value = null;
        while (!in.atEnd(close)) {
            String name = in.fieldName();
            if (name.equals("key")) {
                in.expect(':');
                key = scalar(field.keyKind(), field);
            } else if (name.equals("value")) {
                in.accept(':');
                value = single(node, field, "", position, depth);
            } else {
                throw in.error("a map entry has only key and value");
            }
            in.separator();
        }
        if (value != null) {
            Object placed = value instanceof MessageNode child ? child.under(node, field, key) : value;
            node.mapFor(field, position).put(key, placed);
        }
    }

    private void skipValue(int depth) {
        checkDepth(depth);
        in.accept(':');
        if (in.accept('[')) {
            while (!in.accept(']')) {
                skipValue(depth + 1);
                in.accept(',');
            }
        } else if (in.isOpen()) {
            skipMessage(depth);
        } else {
            in.skipScalar();
        }
    }

    private void skipMessage(int depth) {
        char close = in.open();
        while (!in.atEnd(close)) {
            in.fieldName();
            skipValue(depth + 1);
            in.separator();
        }
    }

    private @Nullable Object single(
            MessageNode node, FieldType field, @Nullable Object place, int position, int depth) {
        if (field.kind() != FieldType.MESSAGE) {
            return scalar(field.kind(), field);
        }
        char close = in.open();
        switch (field.wellKnown()) {
            case NONE: {
                MessageNode child = new MessageNode(field.messageType(), node, field, place);
                child.position(position);
                fields(child, close, depth + 1);
                return child;
            }
            case ANY:
                return any(node, field, place, position, close, depth);
            default:
                return wellKnown(field.messageType(), close, depth + 1);
        }
    }

    private @Nullable Object any(
            MessageNode node, FieldType field, @Nullable Object place, int position, char close, int depth) {
        checkDepth(depth);
        if (in.atEnd(close)) {
            return null;
        }
        String url = in.fieldName();
        if (url.indexOf('/') < 0) {
            throw in.error("expected [type URL] in google.protobuf.Any");
        }
        in.accept(':');
        MessageType type = JsonMapping.typeOf(url);
        if (type == null) {
            problems.hard("could not find @type '" + url + "'");
            skipMessage(depth);
            endAny(close);
            return null;
        }
        char inner = in.open();
        MessageNode child = new MessageNode(type, node, field, place);
        child.position(position);
        child.inAny(url);
        WellKnown wellKnown = type.wellKnown();
        Object result = child;
        if (JsonMapping.isTypedStruct(type)) {
            fields(child, inner, depth + 1);
            SourceValue value = child.has("value") ? SourceValue.ofStruct(child.struct("value"), position) : null;
            result = new JsonMapping(problems)
                    .typedStruct(value, child.string("type_url"), url, position, node, field, place);
        } else if (wellKnown == WellKnown.NONE || wellKnown == WellKnown.WRAPPER) {
            fields(child, inner, depth + 1);
        } else if (wellKnown == WellKnown.ANY) {
            result = any(node, field, place, position, inner, depth + 1);
        } else {
            child.self(wellKnown(type, inner, depth + 1));
        }
        endAny(close);
        return result;
    }

    private void endAny(char close) {
        in.separator();
        if (!in.atEnd(close)) {
            throw in.error("an Any holds one message");
        }
    }

    /** A well-known type, written in text format as the ordinary message that it is. */
    private Object wellKnown(MessageType type, char close, int depth) {
        checkDepth(depth);
        switch (type.wellKnown()) {
            case STRUCT:
                return struct(close, depth);
            case LIST:
                return list(close, depth);
            case VALUE: {
                Object value = value(close, depth);
                return value == null ? MessageNode.NULL : value;
            }
            default:
                return plain(type, close);
        }
    }

    private Object plain(MessageType type, char close) {
        long seconds = 0;
        long nanos = 0;
        Object wrapped = null;
        StringBuilder paths = new StringBuilder();
        while (!in.atEnd(close)) {
            String name = in.fieldName();
            in.expect(':');
            FieldType field = type.field(name);
            if (field == null) {
                throw in.error(type.name() + " has no field " + name);
            }
            Object value = scalar(field.kind(), field);
            if (name.equals("seconds")) {
                seconds = (Long) value;
            } else if (name.equals("nanos")) {
                nanos = (Long) value;
            } else if (name.equals("paths")) {
                paths.append(paths.length() == 0 ? "" : ",").append(value);
            } else {
                wrapped = value;
            }
            in.separator();
        }
        switch (type.wellKnown()) {
            case FIELD_MASK:
                return paths.toString();
            case WRAPPER:
                return wrapped == null ? Scalars.defaultOf(type.fields()[0].kind()) : wrapped;
            default:
                return new TimeValue(seconds, (int) nanos);
        }
    }

    private Map<String, @Nullable Object> struct(char close, int depth) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        while (!in.atEnd(close)) {
            named("fields");
            in.accept(':');
            char end = in.open();
            String key = "";
            Object value = null;
            while (!in.atEnd(end)) {
                if (in.fieldName().equals("key")) {
                    in.expect(':');
                    key = in.string();
                } else {
                    in.accept(':');
                    value = nestedValue(depth);
                }
                in.separator();
            }
            map.put(key, value);
            in.separator();
        }
        return map;
    }

    private List<@Nullable Object> list(char close, int depth) {
        List<@Nullable Object> list = new ArrayList<>();
        while (!in.atEnd(close)) {
            named("values");
            in.accept(':');
            if (in.accept('[')) {
                while (!in.accept(']')) {
                    list.add(nestedValue(depth));
                    in.accept(',');
                }
            } else {
                list.add(nestedValue(depth));
            }
            in.separator();
        }
        return list;
    }

    private @Nullable Object nestedValue(int depth) {
        return value(in.open(), depth + 1);
    }

    private @Nullable Object value(char close, int depth) {
        checkDepth(depth);
        Object value = null;
        while (!in.atEnd(close)) {
            String name = in.fieldName();
            boolean colon = in.accept(':');
            switch (name) {
                case "null_value":
                    in.skipScalar();
                    value = null;
                    break;
                case "number_value":
                    value = in.number();
                    break;
                case "string_value":
                    value = in.string();
                    break;
                case "bool_value":
                    value = in.bool();
                    break;
                case "struct_value":
                    value = struct(in.open(), depth + 1);
                    break;
                case "list_value":
                    value = list(in.open(), depth + 1);
                    break;
                default:
                    throw in.error("google.protobuf.Value has no field " + name + (colon ? "" : " here"));
            }
            in.separator();
        }
        return value;
    }

    private void named(String name) {
        if (!in.fieldName().equals(name)) {
            throw in.error("expected " + name);
        }
    }

    private Object scalar(int kind, FieldType field) {
        switch (kind) {
            case FieldType.STRING:
                return in.string();
            case FieldType.BYTES:
                return in.bytes();
            case FieldType.BOOL:
                return in.bool();
            case FieldType.DOUBLE:
                return in.number();
            case FieldType.FLOAT:
                return (float) in.number();
            case FieldType.ENUM: {
                String word = in.word();
                Integer number = field.enumType().number(word);
                if (number == null) {
                    Long digits = TextLexer.integer(word);
                    if (digits == null || digits != digits.intValue()) {
                        problems.unknown(
                                "Unknown enumeration value of \"" + word + "\" for field \"" + field.name() + "\"");
                        return 0L;
                    }
                    return digits;
                }
                return number.longValue();
            }
            default: {
                Long number = TextLexer.integer(in.word());
                if (number == null || !Scalars.inRange(kind, number)) {
                    throw in.error("field " + field.name() + " needs " + Scalars.integerName(kind));
                }
                return number;
            }
        }
    }
}
