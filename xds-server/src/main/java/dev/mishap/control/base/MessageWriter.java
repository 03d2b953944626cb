package dev.mishap.control.base;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a message as the maps, lists and scalars of its JSON, with the fields' own names; the counterpart of {@link MessageReader}. */
public final class MessageWriter {
    private MessageWriter() {}

    /** @throws IllegalArgumentException for an {@code Any} of a type that is not known here, or that holds something else */
    public static @Nullable Object write(Message message) {
        Descriptor type = message.getDescriptorForType();
        return switch (type.getFullName()) {
            case "google.protobuf.Any" -> any((String) field(message, 1), (ByteString) field(message, 2));
            case "google.protobuf.Duration" -> duration((Long) field(message, 1), (Integer) field(message, 2));
            case "google.protobuf.Timestamp" ->
                Instant.ofEpochSecond((Long) field(message, 1), (Integer) field(message, 2))
                        .toString();
            case "google.protobuf.Struct" -> fields(message).getOrDefault("fields", Map.of());
            case "google.protobuf.ListValue" -> fields(message).getOrDefault("values", List.of());
            case "google.protobuf.Value" -> value(message);
            case "google.protobuf.BoolValue",
                    "google.protobuf.StringValue",
                    "google.protobuf.BytesValue",
                    "google.protobuf.Int32Value",
                    "google.protobuf.Int64Value",
                    "google.protobuf.UInt32Value",
                    "google.protobuf.UInt64Value",
                    "google.protobuf.FloatValue",
                    "google.protobuf.DoubleValue" -> single(type.findFieldByNumber(1), field(message, 1));
            default -> fields(message);
        };
    }

    /** {@code {"@type": …}} and the fields, or the {@code value} of a type that is no mapping in JSON. */
    public static Map<String, @Nullable Object> any(String typeUrl, ByteString body) {
        Descriptor type = MessageTypes.find(typeUrl.substring(typeUrl.lastIndexOf('/') + 1));
        if (type == null) {
            throw new IllegalArgumentException("unknown type '" + typeUrl + "'");
        }
        Object value;
        try {
            value = write(DynamicMessage.parseFrom(type, body));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("no " + typeUrl + ": " + e.getMessage(), e);
        }
        Map<String, @Nullable Object> any = new LinkedHashMap<>();
        any.put("@type", typeUrl);
        if (type.getFullName().startsWith("google.protobuf.") || !(value instanceof Map<?, ?> map)) {
            any.put("value", value);
        } else {
            map.forEach((key, each) -> any.put((String) key, each));
        }
        return any;
    }

    private static Object field(Message message, int number) {
        return message.getField(message.getDescriptorForType().findFieldByNumber(number));
    }

    private static Map<String, @Nullable Object> fields(Message message) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        message.getAllFields().forEach((field, value) -> {
            if (field.isMapField()) {
                fields.put(field.getName(), map(field, (List<?>) value));
            } else if (field.isRepeated()) {
                List<@Nullable Object> items = new ArrayList<>();
                ((List<?>) value).forEach(item -> items.add(single(field, item)));
                fields.put(field.getName(), items);
            } else {
                fields.put(field.getName(), single(field, value));
            }
        });
        return fields;
    }

    private static Map<String, @Nullable Object> map(FieldDescriptor field, List<?> entries) {
        FieldDescriptor key = field.getMessageType().findFieldByNumber(1);
        FieldDescriptor value = field.getMessageType().findFieldByNumber(2);
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (Object each : entries) {
            Message entry = (Message) each;
            map.put(String.valueOf(entry.getField(key)), single(value, entry.getField(value)));
        }
        return map;
    }

    private static @Nullable Object single(FieldDescriptor field, Object value) {
        return switch (field.getType()) {
            case MESSAGE, GROUP -> write((Message) value);
            case ENUM -> enumeration((EnumValueDescriptor) value);
            case BYTES -> Base64.getEncoder().encodeToString(((ByteString) value).toByteArray());
            case INT64, SINT64, SFIXED64 -> value.toString();
            case UINT64, FIXED64 -> Long.toUnsignedString((Long) value);
            case UINT32, FIXED32 -> Integer.toUnsignedLong((Integer) value);
            case DOUBLE, FLOAT -> finite(((Number) value).doubleValue());
            default -> value;
        };
    }

    private static @Nullable Object enumeration(EnumValueDescriptor value) {
        if (value.getType().getFullName().equals("google.protobuf.NullValue")) {
            return null;
        }
        return value.getIndex() < 0 ? (Object) value.getNumber() : value.getName();
    }

    /** JSON has no word for them. */
    private static Object finite(double value) {
        return Double.isFinite(value) ? (Object) value : Double.toString(value);
    }

    private static @Nullable Object value(Message message) {
        for (Map.Entry<FieldDescriptor, Object> set : message.getAllFields().entrySet()) {
            return single(set.getKey(), set.getValue());
        }
        return null;
    }

    private static String duration(long seconds, int nanos) {
        return BigDecimal.valueOf(seconds)
                        .add(BigDecimal.valueOf(nanos, 9))
                        .stripTrailingZeros()
                        .toPlainString()
                + "s";
    }
}
