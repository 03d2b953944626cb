package dev.mishap.control.base;

import com.google.protobuf.Any;
import com.google.protobuf.BoolValue;
import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DoubleValue;
import com.google.protobuf.Duration;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.FloatValue;
import com.google.protobuf.Int32Value;
import com.google.protobuf.Int64Value;
import com.google.protobuf.ListValue;
import com.google.protobuf.Message;
import com.google.protobuf.NullValue;
import com.google.protobuf.StringValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Timestamp;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.UInt64Value;
import com.google.protobuf.Value;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a message from the maps, lists and scalars of a YAML or JSON document, by protobuf's JSON mapping. Fields may be written in
 * snake or camel case; an unknown field is refused, since what is misspelt would be left out in silence.
 */
public final class MessageReader {
    private static final int MAX_DEPTH = 64;
    private static final Set<String> WRAPPERS = Set.of(
            BoolValue.getDescriptor().getFullName(),
            StringValue.getDescriptor().getFullName(),
            BytesValue.getDescriptor().getFullName(),
            Int32Value.getDescriptor().getFullName(),
            Int64Value.getDescriptor().getFullName(),
            UInt32Value.getDescriptor().getFullName(),
            UInt64Value.getDescriptor().getFullName(),
            FloatValue.getDescriptor().getFullName(),
            DoubleValue.getDescriptor().getFullName());

    private static final Map<Descriptor, Map<String, FieldDescriptor>> FIELDS = new HashMap<>();

    private MessageReader() {}

    /** Where a document is no such message. */
    public static final class BadMessage extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        BadMessage(String path, String problem) {
            super(path.isEmpty() ? problem : path + ": " + problem);
        }
    }

    /**
     * Fills a builder.
     *
     * @param path where the tree stands, for errors
     * @throws BadMessage naming the field
     */
    public static <B extends Message.Builder> B read(Object tree, B into, String path) {
        message(tree, into, path, 0);
        return into;
    }

    /**
     * Reads a mapping with {@code @type}.
     *
     * @throws BadMessage when the type is missing or unknown, or does not fit
     */
    public static Any any(Object tree, String path) {
        return any(tree, path, 0);
    }

    private static Any any(@Nullable Object tree, String path, int depth) {
        Map<?, ?> map = mapping(tree, path);
        if (map.isEmpty()) {
            return Any.getDefaultInstance();
        }
        if (!(map.get("@type") instanceof String type)) {
            throw new BadMessage(path, "an @type is missing");
        }
        String name = type.substring(type.lastIndexOf('/') + 1);
        Descriptor descriptor = MessageTypes.find(name);
        if (descriptor == null) {
            throw new BadMessage(path + ".@type", "unknown type '" + type + "'");
        }
        Map<Object, Object> rest = new LinkedHashMap<>(map);
        rest.remove("@type");
        DynamicMessage.Builder builder = DynamicMessage.newBuilder(descriptor);
        message(isSpecial(name) ? rest.get("value") : rest, builder, path, depth + 1);
        return Any.newBuilder()
                .setTypeUrl(type.indexOf('/') < 0 ? "type.googleapis.com/" + type : type)
                .setValue(builder.build().toByteString())
                .build();
    }

    /** Whether a type is no mapping of its fields in JSON. */
    private static boolean isSpecial(String name) {
        return WRAPPERS.contains(name)
                || List.of("Duration", "Timestamp", "Value", "ListValue", "Struct").stream()
                        .anyMatch(n -> name.equals("google.protobuf." + n));
    }

    private static void message(@Nullable Object tree, Message.Builder into, String path, int depth) {
        if (depth > MAX_DEPTH) {
            throw new BadMessage(path, "is nested more than " + MAX_DEPTH + " levels deep");
        }
        String name = into.getDescriptorForType().getFullName();
        if (WRAPPERS.contains(name)) {
            FieldDescriptor value = into.getDescriptorForType().findFieldByNumber(1);
            into.setField(value, single(tree, value, into, path, depth));
            return;
        }
        switch (name) {
            case "google.protobuf.Duration" -> merge(into, duration(tree, path));
            case "google.protobuf.Timestamp" -> merge(into, timestamp(tree, path));
            case "google.protobuf.Struct" -> merge(into, struct(mapping(tree, path), path, depth));
            case "google.protobuf.Value" -> merge(into, value(tree, path, depth));
            case "google.protobuf.ListValue" -> merge(into, list(listing(tree, path), path, depth));
            case "google.protobuf.Any" -> merge(into, any(tree, path, depth));
            default -> fields(mapping(tree, path), into, path, depth);
        }
    }

    /** By bytes, since {@code into} may be a dynamic message of the same type. */
    private static void merge(Message.Builder into, Message message) {
        try {
            into.mergeFrom(message.toByteString());
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            throw new AssertionError("a message of the same type", e);
        }
    }

    private static void fields(Map<?, ?> map, Message.Builder into, String path, int depth) {
        Map<String, FieldDescriptor> known = known(into.getDescriptorForType());
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String key = String.valueOf(entry.getKey());
            String here = path.isEmpty() ? key : path + '.' + key;
            FieldDescriptor field = known.get(key);
            if (field == null) {
                throw new BadMessage(
                        here, "unknown field of " + into.getDescriptorForType().getFullName());
            }
            Object value = entry.getValue();
            if (value == null) {
                continue;
            }
            if (field.getContainingOneof() != null && into.hasOneof(field.getContainingOneof())) {
                throw new BadMessage(
                        here,
                        "cannot stand beside "
                                + String.valueOf(into.getOneofFieldDescriptor(field.getContainingOneof())
                                        .getName()));
            }
            if (field.isMapField()) {
                mapField(mapping(value, here), field, into, here, depth);
            } else if (field.isRepeated()) {
                // Envoy's own reader takes one thing for a list of one.
                List<?> items = value instanceof List<?> list ? list : List.of(value);
                for (int i = 0; i < items.size(); i++) {
                    into.addRepeatedField(field, single(items.get(i), field, into, here + '[' + i + ']', depth));
                }
            } else {
                into.setField(field, single(value, field, into, here, depth));
            }
        }
    }

    private static Map<String, FieldDescriptor> known(Descriptor descriptor) {
        synchronized (FIELDS) {
            return FIELDS.computeIfAbsent(descriptor, d -> {
                Map<String, FieldDescriptor> fields = new HashMap<>();
                for (FieldDescriptor field : d.getFields()) {
                    fields.put(field.getName(), field);
                    fields.put(field.getJsonName(), field);
                }
                return fields;
            });
        }
    }

    private static void mapField(Map<?, ?> map, FieldDescriptor field, Message.Builder into, String path, int depth) {
        FieldDescriptor key = field.getMessageType().findFieldByNumber(1);
        FieldDescriptor value = field.getMessageType().findFieldByNumber(2);
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String here = path + '.' + entry.getKey();
            Message.Builder item = into.newBuilderForField(field);
            item.setField(key, single(entry.getKey(), key, item, here, depth));
            item.setField(value, single(entry.getValue(), value, item, here, depth));
            into.addRepeatedField(field, item.build());
        }
    }

    private static Object single(
            @Nullable Object tree, FieldDescriptor field, Message.Builder into, String path, int depth) {
        return switch (field.getJavaType()) {
            case MESSAGE -> {
                Message.Builder builder = into.newBuilderForField(field);
                message(tree, builder, path, depth + 1);
                yield builder.build();
            }
            case STRING -> text(tree, path);
            case BOOLEAN -> {
                if (tree instanceof Boolean b) {
                    yield b;
                }
                if ("true".equals(tree) || "false".equals(tree)) {
                    yield "true".equals(tree);
                }
                throw new BadMessage(path, "expected true or false, found " + shown(tree));
            }
            case INT -> {
                boolean unsigned = field.getType() == FieldDescriptor.Type.UINT32
                        || field.getType() == FieldDescriptor.Type.FIXED32;
                yield (int) whole(
                        tree, path, unsigned ? 0 : Integer.MIN_VALUE, unsigned ? 0xffff_ffffL : Integer.MAX_VALUE);
            }
            case LONG -> {
                boolean unsigned = field.getType() == FieldDescriptor.Type.UINT64
                        || field.getType() == FieldDescriptor.Type.FIXED64;
                yield unsigned ? unsignedLong(tree, path) : whole(tree, path, Long.MIN_VALUE, Long.MAX_VALUE);
            }
            case FLOAT -> (float) number(tree, path);
            case DOUBLE -> number(tree, path);
            case BYTE_STRING -> {
                try {
                    String base64 = text(tree, path).replace('-', '+').replace('_', '/');
                    yield ByteString.copyFrom(Base64.getDecoder().decode(base64));
                } catch (IllegalArgumentException e) {
                    throw new BadMessage(path, "expected base64");
                }
            }
            case ENUM -> enumeration(tree, field, path);
        };
    }

    private static EnumValueDescriptor enumeration(@Nullable Object tree, FieldDescriptor field, String path) {
        EnumValueDescriptor value = tree instanceof Number n
                ? field.getEnumType().findValueByNumber(n.intValue())
                : field.getEnumType().findValueByName(String.valueOf(tree));
        if (value == null) {
            throw new BadMessage(path, "expected one of " + field.getEnumType().getValues() + ", found " + shown(tree));
        }
        return value;
    }

    private static String text(@Nullable Object tree, String path) {
        if (tree instanceof String s) {
            return s;
        }
        if (tree instanceof Number || tree instanceof Boolean) {
            return tree.toString();
        }
        throw new BadMessage(path, "expected a string, found " + shown(tree));
    }

    private static BigDecimal decimal(@Nullable Object tree, String path) {
        String text = String.valueOf(tree);
        try {
            if ((tree instanceof Number || tree instanceof String) && text.length() <= 40) {
                BigDecimal decimal = new BigDecimal(text);
                if (Math.abs(decimal.scale()) <= 1000) {
                    return decimal;
                }
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new BadMessage(path, "expected a number, found " + shown(tree));
    }

    private static double number(@Nullable Object tree, String path) {
        return tree instanceof Double d ? d : decimal(tree, path).doubleValue();
    }

    private static long whole(@Nullable Object tree, String path, long min, long max) {
        BigDecimal n = decimal(tree, path);
        if (n.stripTrailingZeros().scale() > 0
                || n.compareTo(BigDecimal.valueOf(min)) < 0
                || n.compareTo(BigDecimal.valueOf(max)) > 0) {
            throw new BadMessage(path, "expected a whole number from " + min + " to " + max + ", found " + shown(tree));
        }
        return n.longValueExact();
    }

    private static long unsignedLong(@Nullable Object tree, String path) {
        BigDecimal n = decimal(tree, path);
        if (n.stripTrailingZeros().scale() > 0
                || n.signum() < 0
                || n.toBigInteger().bitLength() > 64) {
            throw new BadMessage(path, "expected a whole number of 64 bits, found " + shown(tree));
        }
        return n.longValue();
    }

    private static Duration duration(@Nullable Object tree, String path) {
        if (tree instanceof String s && s.endsWith("s")) {
            BigDecimal seconds = decimal(s.substring(0, s.length() - 1), path);
            if (seconds.abs().compareTo(BigDecimal.valueOf(315_576_000_000L)) <= 0 && seconds.scale() <= 9) {
                long whole = seconds.longValue();
                int nanos = seconds.subtract(BigDecimal.valueOf(whole))
                        .movePointRight(9)
                        .intValueExact();
                return Duration.newBuilder().setSeconds(whole).setNanos(nanos).build();
            }
        }
        throw new BadMessage(path, "expected a duration in seconds such as 0.25s, found " + shown(tree));
    }

    private static Timestamp timestamp(@Nullable Object tree, String path) {
        try {
            Instant instant = Instant.parse(String.valueOf(tree));
            return Timestamp.newBuilder()
                    .setSeconds(instant.getEpochSecond())
                    .setNanos(instant.getNano())
                    .build();
        } catch (DateTimeException e) {
            throw new BadMessage(path, "expected a time such as 2026-01-31T08:00:00Z, found " + shown(tree));
        }
    }

    private static Struct struct(Map<?, ?> map, String path, int depth) {
        Struct.Builder struct = Struct.newBuilder();
        map.forEach((key, value) -> struct.putFields(String.valueOf(key), value(value, path + '.' + key, depth + 1)));
        return struct.build();
    }

    private static ListValue list(List<?> items, String path, int depth) {
        ListValue.Builder list = ListValue.newBuilder();
        for (int i = 0; i < items.size(); i++) {
            list.addValues(value(items.get(i), path + '[' + i + ']', depth + 1));
        }
        return list.build();
    }

    private static Value value(@Nullable Object tree, String path, int depth) {
        if (depth > MAX_DEPTH) {
            throw new BadMessage(path, "is nested more than " + MAX_DEPTH + " levels deep");
        }
        Value.Builder value = Value.newBuilder();
        if (tree == null) {
            value.setNullValue(NullValue.NULL_VALUE);
        } else if (tree instanceof Boolean b) {
            value.setBoolValue(b);
        } else if (tree instanceof Number n) {
            value.setNumberValue(n.doubleValue());
        } else if (tree instanceof Map<?, ?> map) {
            value.setStructValue(struct(map, path, depth));
        } else if (tree instanceof List<?> items) {
            value.setListValue(list(items, path, depth));
        } else {
            value.setStringValue(tree.toString());
        }
        return value.build();
    }

    private static Map<?, ?> mapping(@Nullable Object tree, String path) {
        if (tree == null) {
            return Map.of();
        }
        if (tree instanceof Map<?, ?> map) {
            return map;
        }
        throw new BadMessage(path, "expected a mapping, found " + shown(tree));
    }

    private static List<?> listing(@Nullable Object tree, String path) {
        if (tree instanceof List<?> list) {
            return list;
        }
        throw new BadMessage(path, "expected a list, found " + shown(tree));
    }

    private static String shown(@Nullable Object tree) {
        if (tree instanceof Map) {
            return "a mapping";
        }
        if (tree instanceof List) {
            return "a list";
        }
        String text = String.valueOf(tree);
        return text.length() > 60 ? '\'' + text.substring(0, 60) + "…'" : '\'' + text + '\'';
    }
}
