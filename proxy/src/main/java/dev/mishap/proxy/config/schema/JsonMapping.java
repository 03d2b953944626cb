package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds the tree from a YAML or JSON document by protobuf's JSON mapping. */
final class JsonMapping {
    private final Problems problems;

    JsonMapping(Problems problems) {
        this.problems = problems;
    }

    /** Reads {@code source} into {@code node}. */
    void message(SourceValue source, MessageNode node) {
        node.position(source.position);
        if (source.kind != SourceValue.Kind.MAP) {
            unexpected(source, node, null, null, '{', "message " + node.type().name());
            return;
        }
        fields(source, node, false);
    }

    private void fields(SourceValue source, MessageNode node, boolean inAny) {
        if (OpaqueMessages.is(node.type())) {
            return;
        }
        List<FieldType> seen = new ArrayList<>(source.keys.size());
        for (int i = 0; i < source.keys.size(); i++) {
            String key = source.keys.get(i);
            if (inAny && key.equals("@type")) {
                continue;
            }
            SourceValue value = source.items.get(i);
            FieldType field = node.type().field(key);
            if (field == null) {
                problems.unknown("invalid JSON in " + problems.root() + at(node, null, null) + ": message "
                        + node.type().name() + ", near " + SourceValue.place(value.position) + ": no such field: '"
                        + key + "'");
                continue;
            }
            if (value.kind == SourceValue.Kind.NULL && field.wellKnown() != WellKnown.VALUE) {
                continue;
            }
            if (seen.contains(field)) {
                hard(value, node, field, null, "'" + field.name() + "' has already been set (in another spelling)");
                continue;
            }
            seen.add(field);
            if (field.oneof() >= 0 && other(seen, field)) {
                hard(
                        value,
                        node,
                        field,
                        null,
                        "'" + field.name() + "' has already been set (either directly or as part of a oneof)");
                continue;
            }
            field(value, node, field);
        }
    }

    private static boolean other(List<FieldType> seen, FieldType field) {
        for (FieldType f : seen) {
            if (f != field && f.oneof() == field.oneof()) {
                return true;
            }
        }
        return false;
    }

    private void field(SourceValue source, MessageNode node, FieldType field) {
        if (field.isRepeated()) {
            // One value stands for a list of one, as in Envoy.
            List<SourceValue> items = source.kind == SourceValue.Kind.LIST ? source.items : List.of(source);
            if (items.isEmpty()) {
                return;
            }
            List<Object> list = node.listFor(field, source.position);
            for (SourceValue item : items) {
                Object value = single(item, node, field, list.size());
                if (value != null) {
                    list.add(value);
                }
            }
        } else if (field.isMap()) {
            if (source.kind != SourceValue.Kind.MAP) {
                unexpected(source, node, field, null, '{', "map");
                return;
            }
            if (source.keys.isEmpty()) {
                return;
            }
            Map<Object, Object> map = node.mapFor(field, source.position);
            for (int i = 0; i < source.keys.size(); i++) {
                String key = source.keys.get(i);
                Object typedKey = mapKey(source.items.get(i), node, field, key);
                Object value = single(source.items.get(i), node, field, key);
                if (value != null && typedKey != null) {
                    map.put(typedKey, value);
                }
            }
        } else {
            Object value = single(source, node, field, null);
            if (value != null) {
                node.put(field, value, source.position);
            }
        }
    }

    private @Nullable Object mapKey(SourceValue value, MessageNode node, FieldType field, String key) {
        switch (field.keyKind()) {
            case FieldType.STRING:
                return key;
            case FieldType.BOOL:
                if (key.equals("true") || key.equals("false")) {
                    return Boolean.valueOf(key);
                }
                break;
            default:
                Long number = Scalars.integer(key);
                if (number != null && Scalars.inRange(field.keyKind(), number)) {
                    return number;
                }
        }
        hard(value, node, field, key, "bad map key");
        return null;
    }

    private @Nullable Object single(SourceValue source, MessageNode node, FieldType field, @Nullable Object place) {
        if (field.kind() != FieldType.MESSAGE) {
            return scalar(source, node, field, place, field);
        }
        switch (field.wellKnown()) {
            case NONE: {
                MessageNode child = new MessageNode(field.messageType(), node, field, place);
                child.position(source.position);
                if (source.kind != SourceValue.Kind.MAP) {
                    unexpected(
                            source,
                            node,
                            field,
                            place,
                            '{',
                            "message " + field.messageType().name());
                    return null;
                }
                fields(source, child, false);
                return child;
            }
            case ANY:
                return any(source, node, field, place);
            case WRAPPER:
                return scalar(source, node, field, place, field.messageType().fields()[0]);
            default:
                return wellKnown(field.wellKnown(), source, node, field, place);
        }
    }

    private @Nullable Object any(SourceValue source, MessageNode node, FieldType field, @Nullable Object place) {
        if (source.kind != SourceValue.Kind.MAP) {
            unexpected(source, node, field, place, '{', "google.protobuf.Any");
            return null;
        }
        SourceValue url = source.get("@type");
        if (url == null) {
            if (!source.keys.isEmpty()) {
                hard(source, node, field, place, "missing @type in Any is only allowed for an empty object");
            } else if (place != null) {
                // In a singular field it reads as absent; in a list or map it would vanish.
                problems.unregistered("Didn't find a registered implementation for '" + place + "' with type URL: ''");
            } else {
                node.noteEmptyAny(field);
            }
            return null;
        }
        if (url.kind != SourceValue.Kind.STRING) {
            hard(url, node, field, place, "@type must be a string");
            return null;
        }
        MessageType type = typeOf(url.text);
        if (type == null) {
            hard(
                    url,
                    node,
                    field,
                    place,
                    url.text.indexOf('/') > 0
                            ? "could not find @type '" + url.text + "'"
                            : "@type must contain at least one / and a nonempty host; got: " + url.text);
            return null;
        }
        if (isTypedStruct(type)) {
            return typedStruct(source, url.text, node, field, place);
        }
        MessageNode child = new MessageNode(type, node, field, place);
        child.position(source.position);
        child.inAny(url.text);
        if (type.wellKnown() == WellKnown.NONE) {
            fields(source, child, true);
            return child;
        }
        SourceValue value = source.get("value");
        if (value == null) {
            return child;
        }
        if (type.wellKnown() == WellKnown.WRAPPER) {
            FieldType inner = type.fields()[0];
            Object scalar = scalar(value, child, inner, null, inner);
            if (scalar != null) {
                child.put(inner, scalar, value.position);
            }
        } else if (type.wellKnown() == WellKnown.ANY) {
            return any(value, node, field, place);
        } else {
            Object self = wellKnown(type.wellKnown(), value, node, field, place);
            if (self != null) {
                child.self(self);
            }
        }
        return child;
    }

    static boolean isTypedStruct(MessageType type) {
        return type.name().equals("xds.type.v3.TypedStruct") || type.name().equals("udpa.type.v1.TypedStruct");
    }

    /** The message that a type URL names, or null when the schema does not have it. */
    static @Nullable MessageType typeOf(String url) {
        return Schema.get().message(url.substring(url.lastIndexOf('/') + 1));
    }

    // A TypedStruct stands for the message that it names, in JSON form, so that whoever reads the Any need not know of
    // it.
    private @Nullable Object typedStruct(
            SourceValue source, String structUrl, MessageNode node, FieldType field, @Nullable Object place) {
        SourceValue value = null;
        SourceValue url = null;
        for (int i = 0; i < source.keys.size(); i++) {
            String key = source.keys.get(i);
            if (key.equals("value")) {
                value = source.items.get(i);
            } else if (key.equals("type_url") || key.equals("typeUrl")) {
                url = source.items.get(i);
            } else if (!key.equals("@type")) {
                problems.unknown("invalid JSON in " + problems.root() + at(node, field, place) + ".<any>: message "
                        + structUrl.substring(structUrl.lastIndexOf('/') + 1) + ", near "
                        + SourceValue.place(source.items.get(i).position) + ": no such field: '" + key + "'");
            }
        }
        String target = url == null ? "" : url.text;
        return typedStruct(value, target, structUrl, source.position, node, field, place);
    }

    @Nullable
    MessageNode typedStruct(
            @Nullable SourceValue value,
            String target,
            String structUrl,
            int position,
            MessageNode node,
            @Nullable FieldType field,
            @Nullable Object place) {
        MessageType type = typeOf(target);
        if (type == null) {
            String name = nameOf(node);
            problems.unregistered("Didn't find a registered implementation for '" + name + "' with type URL: '"
                    + target.substring(target.lastIndexOf('/') + 1) + "'");
            return null;
        }
        MessageNode child = new MessageNode(type, node, field, place);
        child.position(position);
        child.inAny(target);
        child.inTypedStruct(structUrl);
        if (value != null && value.kind == SourceValue.Kind.MAP) {
            fields(value, child, false);
        } else if (value != null && value.kind != SourceValue.Kind.NULL) {
            unexpected(value, child, null, null, '{', "google.protobuf.Struct");
        }
        return child;
    }

    /** The name field of the message around an extension's Any, as Envoy calls the extension in messages. */
    static String nameOf(MessageNode holder) {
        FieldType name = holder.type().field("name");
        Object value = name == null ? null : holder.value(name);
        return value instanceof String s ? s : "";
    }

    private @Nullable Object wellKnown(
            WellKnown kind, SourceValue source, MessageNode node, FieldType field, @Nullable Object place) {
        switch (kind) {
            case DURATION: {
                if (source.kind == SourceValue.Kind.MAP) {
                    TimeValue parts = durationParts(source);
                    if (parts != null) {
                        return parts;
                    }
                }
                TimeValue value = source.kind == SourceValue.Kind.STRING ? TimeValue.parseDuration(source.text) : null;
                if (source.kind != SourceValue.Kind.STRING) {
                    unexpected(source, node, field, place, '"', "message google.protobuf.Duration");
                } else if (value == null) {
                    hard(
                            source,
                            node,
                            field,
                            place,
                            source.text.endsWith("s")
                                    ? "not a duration such as 1.5s" + got(source)
                                    : "duration must end with a single 's'" + got(source));
                }
                return value;
            }
            case TIMESTAMP: {
                TimeValue value = source.kind == SourceValue.Kind.STRING ? Scalars.timestamp(source.text) : null;
                if (value == null) {
                    hard(
                            source,
                            node,
                            field,
                            place,
                            "expected a timestamp such as \"2026-01-31T12:00:00Z\"" + got(source));
                }
                return value;
            }
            case STRUCT:
                if (source.kind != SourceValue.Kind.MAP) {
                    unexpected(source, node, field, place, '{', "google.protobuf.Struct");
                    return null;
                }
                return struct(source);
            case LIST:
                if (source.kind != SourceValue.Kind.LIST) {
                    unexpected(source, node, field, place, '[', "google.protobuf.ListValue");
                    return null;
                }
                return struct(source);
            case VALUE:
                Object value = struct(source);
                return value == null ? MessageNode.NULL : value;
            default:
                if (source.kind != SourceValue.Kind.STRING) {
                    unexpected(source, node, field, place, '"', "google.protobuf.FieldMask");
                    return null;
                }
                return source.text;
        }
    }

    private static @Nullable Object struct(SourceValue source) {
        switch (source.kind) {
            case MAP: {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                for (int i = 0; i < source.keys.size(); i++) {
                    map.put(source.keys.get(i), struct(source.items.get(i)));
                }
                return map;
            }
            case LIST: {
                List<@Nullable Object> list = new ArrayList<>(source.items.size());
                for (SourceValue item : source.items) {
                    list.add(struct(item));
                }
                return list;
            }
            case STRING:
                return source.text;
            case NUMBER:
                return Double.valueOf(source.text);
            case BOOL:
                return Boolean.valueOf(source.text);
            default:
                return null;
        }
    }

    /** The value of a scalar; {@code as} is the field itself, or the only field of its wrapper type. */
    private @Nullable Object scalar(
            SourceValue source, MessageNode node, FieldType field, @Nullable Object place, FieldType as) {
        boolean text = source.kind == SourceValue.Kind.STRING;
        boolean number = source.kind == SourceValue.Kind.NUMBER;
        switch (as.kind()) {
            case FieldType.STRING:
                if (!text) {
                    unexpected(source, node, field, place, '"', "string");
                    return null;
                }
                return source.text;
            case FieldType.BYTES: {
                String bytes = text ? Scalars.base64(source.text) : null;
                if (bytes == null) {
                    hard(source, node, field, place, "expected base64" + got(source));
                }
                return bytes;
            }
            case FieldType.BOOL:
                boolean quoted = text && (source.text.equals("true") || source.text.equals("false"));
                if (source.kind != SourceValue.Kind.BOOL && !quoted) {
                    hard(source, node, field, place, "expected bool" + got(source));
                    return null;
                }
                return Boolean.valueOf(source.text);
            case FieldType.DOUBLE:
            case FieldType.FLOAT: {
                Double value = text || number ? Scalars.number(source.text) : null;
                if (value == null || as.kind() == FieldType.FLOAT && Scalars.overflowsFloat(value)) {
                    hard(source, node, field, place, "expected a number" + got(source));
                    return null;
                }
                return as.kind() == FieldType.FLOAT ? (Object) value.floatValue() : value;
            }
            case FieldType.ENUM:
                return enumValue(source, node, field, place, as);
            default: {
                Long value = text || number ? Scalars.integer(source.text) : null;
                if (value == null || !Scalars.inRange(as.kind(), value)) {
                    hard(source, node, field, place, "expected " + Scalars.integerName(as.kind()) + got(source));
                    return null;
                }
                return value;
            }
        }
    }

    private @Nullable Object enumValue(
            SourceValue source, MessageNode node, FieldType field, @Nullable Object place, FieldType as) {
        if (source.kind == SourceValue.Kind.STRING) {
            Integer value = as.enumType().number(source.text);
            if (value == null) {
                // Envoy takes names in any case, with dashes for underscores, and numbers in quotes.
                value = as.enumType()
                        .number(source.text.toUpperCase(Locale.ROOT).replace('-', '_'));
            }
            if (value == null) {
                Long number = Scalars.integer(source.text);
                value = number != null && Scalars.inRange(FieldType.INT32, number) ? (Integer) number.intValue() : null;
            }
            if (value == null) {
                problems.unknown("unknown enum value: '" + source.text + "' @ " + pathOf(node, field, place) + " ("
                        + as.enumType().name() + "), near " + SourceValue.place(source.position));
                return null;
            }
            return value.longValue();
        }
        Long value = source.kind == SourceValue.Kind.NUMBER ? Scalars.integer(source.text) : null;
        if (value == null || !Scalars.inRange(FieldType.INT32, value)) {
            hard(
                    source,
                    node,
                    field,
                    place,
                    "expected a value of " + as.enumType().name() + got(source));
            return null;
        }
        return value;
    }

    private static String got(SourceValue source) {
        switch (source.kind) {
            case STRING:
                return ", got \"" + (source.text.length() > 40 ? source.text.substring(0, 40) + "…" : source.text)
                        + '"';
            case LIST:
                return ", got a list";
            case MAP:
                return ", got a map";
            default:
                return ", got " + (source.text.length() > 40 ? source.text.substring(0, 40) + "…" : source.text);
        }
    }

    private void unexpected(
            SourceValue source,
            MessageNode node,
            @Nullable FieldType field,
            @Nullable Object place,
            char wanted,
            String type) {
        String hint = source.kind == SourceValue.Kind.BOOL && wanted == '"'
                ? " (an unquoted y, n, yes, no, on or off is a bool)"
                : "";
        problems.hard("invalid JSON in " + problems.root() + at(node, field, place) + ": " + type + ", near "
                + SourceValue.place(source.position) + ": unexpected character: '" + source.firstCharacter()
                + "'; expected '"
                + wanted + "'" + hint);
    }

    private void hard(
            SourceValue source, MessageNode node, @Nullable FieldType field, @Nullable Object place, String problem) {
        problems.hard("invalid JSON in " + problems.root() + at(node, field, place) + ", near "
                + SourceValue.place(source.position) + ": " + problem);
    }

    private static String at(MessageNode node, @Nullable FieldType field, @Nullable Object place) {
        String path = pathOf(node, field, place);
        return path.isEmpty() ? "" : " @ " + path;
    }

    private static String pathOf(MessageNode node, @Nullable FieldType field, @Nullable Object place) {
        StringBuilder s = new StringBuilder(node.envoyPath());
        if (field != null) {
            s.append(s.length() == 0 ? "" : ".").append(field.name());
            MessageNode.appendPlace(s, place);
        }
        return s.toString();
    }

    /** {@code {seconds: 1, nanos: 0}}, the members of the message, which Envoy takes for a duration, too. */
    private static @Nullable TimeValue durationParts(SourceValue source) {
        long seconds = 0;
        long nanos = 0;
        for (int i = 0; i < source.keys.size(); i++) {
            SourceValue value = source.items.get(i);
            long number;
            try {
                number = Long.parseLong(value.text);
            } catch (NumberFormatException e) {
                return null;
            }
            switch (source.keys.get(i)) {
                case "seconds" -> seconds = number;
                case "nanos" -> nanos = number;
                default -> {
                    return null;
                }
            }
        }
        boolean ok = Math.abs(seconds) <= 315_576_000_000L && Math.abs(nanos) < 1_000_000_000L;
        return ok ? new TimeValue(seconds, (int) nanos) : null;
    }
}
