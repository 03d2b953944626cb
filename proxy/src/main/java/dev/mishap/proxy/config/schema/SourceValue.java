package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One value of a YAML or JSON document, with its place: what both readers make and the JSON mapping reads. */
final class SourceValue {
    enum Kind {
        STRING,
        NUMBER,
        BOOL,
        NULL,
        LIST,
        MAP
    }

    private static final int COLUMN_BITS = 12;
    private static final int MAX_COLUMN = (1 << COLUMN_BITS) - 1;
    private static final int MAX_LINE = (1 << 31 - COLUMN_BITS) - 1;

    final Kind kind;
    /** Line and column of the first character, packed; 0 when not known. */
    final int position;
    /** Of a string its value, of a number its digits, of a bool "true" or "false", else "". */
    final String text;

    final List<SourceValue> items;
    /** Keys of a map, parallel to {@link #items}. */
    final List<String> keys;

    private SourceValue(Kind kind, int position, String text, List<SourceValue> items, List<String> keys) {
        this.kind = kind;
        this.position = position;
        this.text = text;
        this.items = items;
        this.keys = keys;
    }

    static SourceValue scalar(Kind kind, String text, int position) {
        return new SourceValue(kind, position, text, List.of(), List.of());
    }

    static SourceValue list(int position) {
        return new SourceValue(Kind.LIST, position, "", new ArrayList<>(), List.of());
    }

    static SourceValue map(int position) {
        return new SourceValue(Kind.MAP, position, "", new ArrayList<>(), new ArrayList<>());
    }

    /** A tree over a value of a google.protobuf.Struct. */
    static SourceValue ofStruct(@Nullable Object value, int position) {
        if (value instanceof Map<?, ?> map) {
            SourceValue v = map(position);
            for (Map.Entry<?, ?> e : map.entrySet()) {
                v.keys.add(String.valueOf(e.getKey()));
                v.items.add(ofStruct(e.getValue(), position));
            }
            return v;
        }
        if (value instanceof List<?> list) {
            SourceValue v = list(position);
            for (Object item : list) {
                v.items.add(ofStruct(item, position));
            }
            return v;
        }
        if (value instanceof String s) {
            return scalar(Kind.STRING, s, position);
        }
        if (value instanceof Boolean) {
            return scalar(Kind.BOOL, value.toString(), position);
        }
        if (value instanceof Double d) {
            boolean whole = d == Math.rint(d) && Math.abs(d) < 1e15;
            return scalar(Kind.NUMBER, whole ? Long.toString(d.longValue()) : d.toString(), position);
        }
        return scalar(Kind.NULL, "null", position);
    }

    @Nullable
    SourceValue get(String key) {
        for (int i = 0; i < keys.size(); i++) {
            if (keys.get(i).equals(key)) {
                return items.get(i);
            }
        }
        return null;
    }

    /** Packs a line and a column, both from 1; what does not fit is the largest that does. */
    static int position(int line, int column) {
        return Math.min(line, MAX_LINE) << COLUMN_BITS | Math.min(column, MAX_COLUMN);
    }

    static int line(int position) {
        return position >>> COLUMN_BITS;
    }

    static int column(int position) {
        return position & MAX_COLUMN;
    }

    static String place(int position) {
        return position == 0 ? "an unknown place" : line(position) + ":" + column(position);
    }

    /** How the value starts in JSON, for messages about one of the wrong kind. */
    char firstCharacter() {
        switch (kind) {
            case STRING:
                return '"';
            case LIST:
                return '[';
            case MAP:
                return '{';
            case NULL:
                return 'n';
            default:
                return text.charAt(0);
        }
    }
}
