package dev.mishap.proxy.config.schema;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A tree in protobuf's JSON mapping: proto field names, fields by number, sensitive values redacted as in /config_dump. */
final class JsonForm {
    private static final String REDACTED = "[redacted]";

    private JsonForm() {}

    static Object message(MessageNode node, boolean redact) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        String url = node.typeUrl();
        String structUrl = node.typedStructUrl();
        if (structUrl != null) {
            json.put("@type", structUrl);
            json.put("type_url", String.valueOf(url));
            Map<String, @Nullable Object> value = new LinkedHashMap<>();
            fields(node, redact, value);
            json.put("value", value);
            return json;
        }
        if (url != null) {
            json.put("@type", url);
        }
        Object self = node.self();
        if (self != null) {
            json.put("value", wellKnown(node.type().wellKnown(), self));
            return json;
        }
        fields(node, redact, json);
        return json;
    }

    private static void fields(MessageNode node, boolean redact, Map<String, @Nullable Object> json) {
        FieldType[] fields = new FieldType[node.size()];
        for (int i = 0; i < fields.length; i++) {
            fields[i] = node.fieldAt(i);
        }
        Arrays.sort(fields, (a, b) -> Integer.compare(a.number(), b.number()));
        for (FieldType field : fields) {
            Object value = node.value(field);
            if (value != null) {
                json.put(field.name(), field(field, value, redact || field.isSensitive()));
            }
        }
    }

    private static @Nullable Object field(FieldType field, Object value, boolean redact) {
        if (field.isRepeated()) {
            List<@Nullable Object> list = new ArrayList<>();
            for (Object v : (List<?>) value) {
                list.add(single(field, v, redact));
            }
            return list;
        }
        if (field.isMap()) {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            for (Map.Entry<?, ?> e : ((Map<?, ?>) value).entrySet()) {
                map.put(String.valueOf(e.getKey()), single(field, e.getValue(), redact));
            }
            return map;
        }
        return single(field, value, redact);
    }

    private static @Nullable Object single(FieldType field, Object value, boolean redact) {
        if (value instanceof MessageNode node) {
            return message(node, redact);
        }
        WellKnown wellKnown = field.wellKnown();
        if (wellKnown == WellKnown.WRAPPER) {
            return scalar(field.messageType().fields()[0], value, redact);
        }
        return wellKnown == WellKnown.NONE ? scalar(field, value, redact) : wellKnown(wellKnown, value);
    }

    private static @Nullable Object wellKnown(WellKnown kind, Object value) {
        switch (kind) {
            case DURATION:
                return ((TimeValue) value).durationText();
            case TIMESTAMP:
                return ((TimeValue) value).timestampText();
            default:
                return struct(value);
        }
    }

    private static @Nullable Object struct(@Nullable Object value) {
        if (value == null || value == MessageNode.NULL) {
            return null;
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            map.forEach((k, v) -> json.put(String.valueOf(k), struct(v)));
            return json;
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> json = new ArrayList<>();
            list.forEach(v -> json.add(struct(v)));
            return json;
        }
        return value instanceof Double d ? number(d) : value;
    }

    private static Object scalar(FieldType field, Object value, boolean redact) {
        switch (field.kind()) {
            case FieldType.STRING:
                return redact ? REDACTED : value;
            case FieldType.BYTES:
                String bytes = redact ? REDACTED : (String) value;
                return Base64.getEncoder().encodeToString(bytes.getBytes(StandardCharsets.ISO_8859_1));
            case FieldType.ENUM:
                String name = field.enumType().nameOf(((Long) value).intValue());
                return name == null ? value : name;
            case FieldType.INT64:
            case FieldType.UINT64:
            case FieldType.FIXED64:
            case FieldType.SFIXED64:
            case FieldType.SINT64:
                return value.toString();
            case FieldType.DOUBLE:
                return number((Double) value);
            case FieldType.FLOAT:
                return number(Double.parseDouble(value.toString()));
            default:
                return value;
        }
    }

    private static Object number(double d) {
        if (Double.isNaN(d)) {
            return "NaN";
        }
        if (Double.isInfinite(d)) {
            return d > 0 ? "Infinity" : "-Infinity";
        }
        return d == Math.rint(d) && Math.abs(d) < 1e15 ? (Object) (long) d : (Object) d;
    }
}
