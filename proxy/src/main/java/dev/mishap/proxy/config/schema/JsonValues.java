package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the values of a JSON or YAML document that are no messages: scalars, and the well-known types, which have forms of their own. */
final class JsonValues {
    private final JsonProblems problems;

    JsonValues(JsonProblems problems) {
        this.problems = problems;
    }

    /** The value of a well-known type that is neither an Any nor a wrapper. */
    @Nullable
    Object wellKnown(WellKnown kind, SourceValue source, MessageNode node, FieldType field, @Nullable Object place) {
        switch (kind) {
            case DURATION: {
                if (source.kind == SourceValue.Kind.MAP) {
                    TimeValue parts = durationParts(source);
                    if (parts != null) {
                        return parts;
                    }
                }
                if (source.kind != SourceValue.Kind.STRING) {
                    problems.unexpected(source, node, field, place, '"', "message google.protobuf.Duration");
                    return null;
                }
                TimeValue value = TimeValue.parseDuration(source.text);
                if (value == null) {
                    problems.hard(
                            source,
                            node,
                            field,
                            place,
                            TimeValue.whyNoDuration(source.text) + JsonProblems.got(source));
                }
                return value;
            }
            case TIMESTAMP: {
                TimeValue value = source.kind == SourceValue.Kind.STRING ? Scalars.timestamp(source.text) : null;
                if (value == null) {
                    problems.hard(
                            source,
                            node,
                            field,
                            place,
                            "expected a timestamp such as \"2026-01-31T12:00:00Z\"" + JsonProblems.got(source));
                }
                return value;
            }
            case STRUCT:
                if (source.kind != SourceValue.Kind.MAP) {
                    problems.unexpected(source, node, field, place, '{', "google.protobuf.Struct");
                    return null;
                }
                return struct(source);
            case LIST:
                if (source.kind != SourceValue.Kind.LIST) {
                    problems.unexpected(source, node, field, place, '[', "google.protobuf.ListValue");
                    return null;
                }
                return struct(source);
            case VALUE:
                Object value = struct(source);
                return value == null ? MessageNode.NULL : value;
            default:
                if (source.kind != SourceValue.Kind.STRING) {
                    problems.unexpected(source, node, field, place, '"', "google.protobuf.FieldMask");
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
    @Nullable
    Object scalar(SourceValue source, MessageNode node, FieldType field, @Nullable Object place, FieldType as) {
        boolean text = source.kind == SourceValue.Kind.STRING;
        boolean number = source.kind == SourceValue.Kind.NUMBER;
        switch (as.kind()) {
            case FieldType.STRING:
                if (!text) {
                    problems.unexpected(source, node, field, place, '"', "string");
                    return null;
                }
                return source.text;
            case FieldType.BYTES: {
                String bytes = text ? Scalars.base64(source.text) : null;
                if (bytes == null) {
                    problems.hard(source, node, field, place, "expected base64" + JsonProblems.got(source));
                }
                return bytes;
            }
            case FieldType.BOOL:
                Boolean bool = text || source.kind == SourceValue.Kind.BOOL ? Scalars.bool(source.text) : null;
                if (bool == null) {
                    problems.hard(source, node, field, place, "expected bool" + JsonProblems.got(source));
                }
                return bool;
            case FieldType.DOUBLE:
            case FieldType.FLOAT: {
                Double value = text ? Scalars.quotedNumber(source.text) : number ? Scalars.number(source.text) : null;
                if (value == null || as.kind() == FieldType.FLOAT && Scalars.overflowsFloat(value)) {
                    problems.hard(source, node, field, place, "expected a number" + JsonProblems.got(source));
                    return null;
                }
                return as.kind() == FieldType.FLOAT ? (Object) value.floatValue() : value;
            }
            case FieldType.ENUM:
                return enumValue(source, node, field, place, as);
            default: {
                Long value = text ? Scalars.quotedInteger(source.text) : number ? Scalars.integer(source.text) : null;
                if (value == null || !Scalars.inRange(as.kind(), value)) {
                    problems.hard(
                            source,
                            node,
                            field,
                            place,
                            "expected " + Scalars.integerName(as.kind()) + JsonProblems.got(source));
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
                // Envoy takes names in any case, and whole numbers in quotes.
                value = as.enumType().number(source.text.toUpperCase(Locale.ROOT));
            }
            if (value == null) {
                Long number = source.text.indexOf('.') >= 0 ? null : Scalars.integer(source.text);
                value = number != null && Scalars.inRange(FieldType.INT32, number) ? (Integer) number.intValue() : null;
            }
            if (value == null) {
                problems.noSuchEnumValue(source, node, field, place, as.enumType());
                return null;
            }
            return value.longValue();
        }
        Long value = source.kind == SourceValue.Kind.NUMBER ? Scalars.integer(source.text) : null;
        if (value == null || !Scalars.inRange(FieldType.INT32, value)) {
            problems.hard(
                    source,
                    node,
                    field,
                    place,
                    "expected a value of " + as.enumType().name() + JsonProblems.got(source));
            return null;
        }
        return value;
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
