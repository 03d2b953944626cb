package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds the tree from a YAML or JSON document by protobuf's JSON mapping. */
final class JsonMapping {
    private final JsonProblems problems;
    private final JsonValues values;

    JsonMapping(Problems all) {
        problems = new JsonProblems(all);
        values = new JsonValues(problems);
    }

    /** Reads {@code source} into {@code node}. */
    void message(SourceValue source, MessageNode node) {
        node.position(source.position);
        if (source.kind != SourceValue.Kind.MAP) {
            problems.unexpected(
                    source, node, null, null, '{', "message " + node.type().name());
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
                problems.noSuchField(
                        JsonProblems.at(node, null, null), node.type().name(), value.position, key);
                continue;
            }
            if (value.kind == SourceValue.Kind.NULL && field.wellKnown() != WellKnown.VALUE) {
                continue;
            }
            if (seen.contains(field)) {
                problems.hard(
                        value, node, field, null, "'" + field.name() + "' has already been set (in another spelling)");
                continue;
            }
            seen.add(field);
            if (field.oneof() >= 0 && other(seen, field)) {
                problems.hard(
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
                Object value = element(item, node, field, list.size());
                if (value != null) {
                    list.add(value);
                }
            }
        } else if (field.isMap()) {
            if (source.kind != SourceValue.Kind.MAP) {
                problems.unexpected(source, node, field, null, '{', "map");
                return;
            }
            if (source.keys.isEmpty()) {
                return;
            }
            Map<Object, Object> map = node.mapFor(field, source.position);
            for (int i = 0; i < source.keys.size(); i++) {
                String key = source.keys.get(i);
                Object typedKey = mapKey(source.items.get(i), node, field, key);
                Object value = element(source.items.get(i), node, field, key);
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
        problems.hard(value, node, field, key, "bad map key");
        return null;
    }

    // In a list or a map null is the default, as in Envoy.
    private @Nullable Object element(SourceValue source, MessageNode node, FieldType field, Object place) {
        if (source.kind != SourceValue.Kind.NULL || field.wellKnown() == WellKnown.VALUE) {
            return single(source, node, field, place);
        }
        switch (field.wellKnown()) {
            case WRAPPER:
                return Scalars.defaultOf(field.messageType().fields()[0].kind());
            case NONE, ANY, STRUCT:
                return field.kind() == FieldType.MESSAGE
                        ? single(SourceValue.map(source.position), node, field, place)
                        : Scalars.defaultOf(field.kind());
            default:
                return single(source, node, field, place);
        }
    }

    private @Nullable Object single(SourceValue source, MessageNode node, FieldType field, @Nullable Object place) {
        if (field.kind() != FieldType.MESSAGE) {
            return values.scalar(source, node, field, place, field);
        }
        switch (field.wellKnown()) {
            case NONE: {
                MessageNode child = new MessageNode(field.messageType(), node, field, place);
                child.position(source.position);
                if (source.kind != SourceValue.Kind.MAP) {
                    problems.unexpected(
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
                return wrapper(source, node, field, place);
            default:
                return values.wellKnown(field.wellKnown(), source, node, field, place);
        }
    }

    // A wrapper is its value; Envoy takes the message around it, too.
    private @Nullable Object wrapper(SourceValue source, MessageNode node, FieldType field, @Nullable Object place) {
        FieldType inner = field.messageType().fields()[0];
        if (source.kind != SourceValue.Kind.MAP) {
            return values.scalar(source, node, field, place, inner);
        }
        Object value = Scalars.defaultOf(inner.kind());
        for (int i = 0; i < source.keys.size(); i++) {
            SourceValue item = source.items.get(i);
            if (!source.keys.get(i).equals("value")) {
                problems.noSuchField(
                        JsonProblems.at(node, field, place),
                        field.messageType().name(),
                        item.position,
                        source.keys.get(i));
            } else if (item.kind != SourceValue.Kind.NULL) {
                value = values.scalar(item, node, field, place, inner);
            }
        }
        return value;
    }

    private @Nullable Object any(SourceValue source, MessageNode node, FieldType field, @Nullable Object place) {
        if (source.kind != SourceValue.Kind.MAP) {
            problems.unexpected(source, node, field, place, '{', "google.protobuf.Any");
            return null;
        }
        SourceValue url = source.get("@type");
        if (url == null) {
            if (!source.keys.isEmpty()) {
                problems.hard(source, node, field, place, "missing @type in Any is only allowed for an empty object");
            } else if (place != null) {
                // In a singular field it reads as absent; in a list or map it would vanish.
                problems.unregistered(place.toString(), "");
            } else {
                node.noteEmptyAny(field);
            }
            return null;
        }
        if (url.kind != SourceValue.Kind.STRING) {
            problems.hard(url, node, field, place, "@type must be a string");
            return null;
        }
        MessageType type = url.text.indexOf('/') > 0 ? typeOf(url.text) : null;
        if (type == null) {
            problems.hard(
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
            Object scalar = values.scalar(value, child, inner, null, inner);
            if (scalar != null) {
                child.put(inner, scalar, value.position);
            }
        } else if (type.wellKnown() == WellKnown.ANY) {
            return any(value, node, field, place);
        } else {
            Object self = values.wellKnown(type.wellKnown(), value, node, field, place);
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
                problems.noSuchField(
                        JsonProblems.at(node, field, place) + ".<any>",
                        structUrl.substring(structUrl.lastIndexOf('/') + 1),
                        source.items.get(i).position,
                        key);
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
            problems.unregistered(nameOf(node), target.substring(target.lastIndexOf('/') + 1));
            return null;
        }
        MessageNode child = new MessageNode(type, node, field, place);
        child.position(position);
        child.inAny(target);
        child.inTypedStruct(structUrl);
        if (value != null && value.kind == SourceValue.Kind.MAP) {
            fields(value, child, false);
        } else if (value != null && value.kind != SourceValue.Kind.NULL) {
            problems.unexpected(value, child, null, null, '{', "google.protobuf.Struct");
        }
        return child;
    }

    /** The name field of the message around an extension's Any, as Envoy calls the extension in messages. */
    static String nameOf(MessageNode holder) {
        FieldType name = holder.type().field("name");
        Object value = name == null ? null : holder.value(name);
        return value instanceof String s ? s : "";
    }
}
