package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.json.JsonWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value whose strings may hold operators. A string that is one operator alone keeps the operator's type (a status is a
 * number) and is null when there is no value; in other strings a missing value reads {@code -}. Object members are written
 * in order of their names. Immutable.
 */
abstract class JsonTemplate {
    /** Appends the value, or nothing and false if empty values are left out and it is one. */
    abstract boolean append(LogContext context, LogBuffer out);

    static JsonTemplate compile(Map<?, ?> object, boolean omitEmpty, Function<FormatParser.Command, Field> operators) {
        return new ObjectTemplate(object, omitEmpty, true, operators);
    }

    private static JsonTemplate value(
            @Nullable Object value, boolean omitEmpty, Function<FormatParser.Command, Field> operators) {
        if (value instanceof Map<?, ?> map) {
            return new ObjectTemplate(map, omitEmpty, false, operators);
        }
        if (value instanceof List<?> list) {
            return new ArrayTemplate(list, omitEmpty, operators);
        }
        if (value instanceof String text) {
            SubstitutionFormatter formatter = SubstitutionFormatter.compile(text, omitEmpty, operators);
            Field single = formatter.single();
            return single != null ? new Operator(single, omitEmpty) : new Text(formatter);
        }
        return new Constant(value, omitEmpty);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static final class ObjectTemplate extends JsonTemplate {
        private final List<byte[]> names = new ArrayList<>(); // quoted, with the colon
        private final List<JsonTemplate> values = new ArrayList<>();
        private final boolean omitEmpty;
        private final boolean root;

        ObjectTemplate(
                Map<?, ?> object, boolean omitEmpty, boolean root, Function<FormatParser.Command, Field> operators) {
            Map<String, @Nullable Object> sorted = new TreeMap<>();
            object.forEach((name, value) -> sorted.put(String.valueOf(name), value));
            sorted.forEach((name, value) -> {
                StringBuilder quoted = new StringBuilder();
                JsonWriter.quote(name, quoted);
                names.add(ascii(quoted.append(':').toString()));
                values.add(value(value, omitEmpty, operators));
            });
            this.omitEmpty = omitEmpty;
            this.root = root;
        }

        @Override
        boolean append(LogContext context, LogBuffer out) {
            int start = out.size();
            out.append('{');
            for (int i = 0; i < names.size(); i++) {
                int before = out.size();
                if (before > start + 1) {
                    out.append(',');
                }
                out.append(names.get(i));
                if (!values.get(i).append(context, out)) {
                    out.truncate(before);
                }
            }
            if (omitEmpty && !root && out.size() == start + 1) {
                out.truncate(start);
                return false;
            }
            out.append('}');
            return true;
        }
    }

    private static final class ArrayTemplate extends JsonTemplate {
        private final List<JsonTemplate> values = new ArrayList<>();

        ArrayTemplate(List<?> list, boolean omitEmpty, Function<FormatParser.Command, Field> operators) {
            list.forEach(value -> values.add(value(value, omitEmpty, operators)));
        }

        @Override
        boolean append(LogContext context, LogBuffer out) {
            int start = out.size();
            out.append('[');
            for (int i = 0; i < values.size(); i++) {
                int before = out.size();
                if (before > start + 1) {
                    out.append(',');
                }
                if (!values.get(i).append(context, out)) {
                    out.truncate(before);
                }
            }
            out.append(']');
            return true;
        }
    }

    private static final class Operator extends JsonTemplate {
        private static final byte[] NULL = ascii("null");
        private final Field field;
        private final boolean omitEmpty;

        Operator(Field field, boolean omitEmpty) {
            this.field = field;
            this.omitEmpty = omitEmpty;
        }

        @Override
        boolean append(LogContext context, LogBuffer out) {
            if (field.appendJson(context, out)) {
                return true;
            }
            if (!omitEmpty) {
                out.append(NULL);
            }
            return !omitEmpty;
        }
    }

    private static final class Text extends JsonTemplate {
        private final SubstitutionFormatter formatter;

        Text(SubstitutionFormatter formatter) {
            this.formatter = formatter;
        }

        @Override
        boolean append(LogContext context, LogBuffer out) {
            out.append('"');
            int start = out.size();
            formatter.append(context, out);
            out.escapeJson(start);
            out.append('"');
            return true;
        }
    }

    private static final class Constant extends JsonTemplate {
        private final byte @Nullable [] text;

        Constant(@Nullable Object value, boolean omitEmpty) {
            this.text = value == null && omitEmpty ? null : ascii(JsonWriter.compact(value));
        }

        @Override
        boolean append(LogContext context, LogBuffer out) {
            if (text == null) {
                return false;
            }
            out.append(text);
            return true;
        }
    }
}
