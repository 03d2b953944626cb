package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a message that are set, in the order in which they were given, each with its place in the source. What {@link MessageNode}
 * is made on, and no part of it, since a configuration has thousands.
 */
abstract class FieldValues {
    private static final FieldType[] NO_FIELDS = new FieldType[0];
    private static final Object[] NO_VALUES = new Object[0];
    private static final int[] NO_POSITIONS = new int[0];

    private int position;
    private FieldType[] set = NO_FIELDS;
    private Object[] values = NO_VALUES;
    private int[] positions = NO_POSITIONS;
    private int size;

    /** Where the message starts in its source, packed as {@link SourceValue#position}; 0 when not known. */
    void position(int packed) {
        position = packed;
    }

    int position() {
        return position;
    }

    int size() {
        return size;
    }

    FieldType fieldAt(int i) {
        return set[i];
    }

    Object valueAt(int i) {
        return values[i];
    }

    int positionAt(int i) {
        return positions[i];
    }

    @Nullable
    Object value(FieldType field) {
        for (int i = 0; i < size; i++) {
            if (set[i] == field) {
                return values[i];
            }
        }
        return null;
    }

    /** The place in the source where {@code field} was given, or of the message when the field was not. */
    int positionOf(@Nullable FieldType field) {
        for (int i = 0; i < size; i++) {
            if (set[i] == field) {
                return positions[i];
            }
        }
        return position;
    }

    /** Sets a field; another member of its oneof goes. A default of a scalar without presence leaves it absent. */
    void put(FieldType field, Object value, int at) {
        if (field.oneof() >= 0) {
            for (int i = 0; i < size; i++) {
                if (set[i] != field && set[i].oneof() == field.oneof()) {
                    removeAt(i);
                    break;
                }
            }
        }
        boolean absent = !field.hasPresence() && isDefault(field, value);
        for (int i = 0; i < size; i++) {
            if (set[i] == field) {
                if (absent) {
                    removeAt(i);
                } else {
                    values[i] = value;
                    positions[i] = at;
                }
                return;
            }
        }
        if (!absent) {
            append(field, value, at);
        }
    }

    private void removeAt(int i) {
        System.arraycopy(set, i + 1, set, i, size - i - 1);
        System.arraycopy(values, i + 1, values, i, size - i - 1);
        System.arraycopy(positions, i + 1, positions, i, size - i - 1);
        size--;
    }

    private static boolean isDefault(FieldType field, Object value) {
        if (!field.isSingular()) {
            return value instanceof List<?> list ? list.isEmpty() : ((Map<?, ?>) value).isEmpty();
        }
        return value instanceof Long l && l == 0
                || value instanceof String s && s.isEmpty()
                || Boolean.FALSE.equals(value)
                || value instanceof Double d && Double.doubleToRawLongBits(d) == 0
                || value instanceof Float f && Float.floatToRawIntBits(f) == 0;
    }

    /** The list of a repeated field, made when it is absent; the caller adds to it. */
    @SuppressWarnings("unchecked")
    List<Object> listFor(FieldType field, int at) {
        Object list = value(field);
        if (list == null) {
            List<Object> made = new ArrayList<>();
            append(field, made, at);
            return made;
        }
        return (List<Object>) list;
    }

    /** The map of a map field, made when it is absent; the caller adds to it. */
    @SuppressWarnings("unchecked")
    Map<Object, Object> mapFor(FieldType field, int at) {
        Object map = value(field);
        if (map == null) {
            Map<Object, Object> made = new LinkedHashMap<>();
            append(field, made, at);
            return made;
        }
        return (Map<Object, Object>) map;
    }

    private void append(FieldType field, Object value, int at) {
        if (size == set.length) {
            int capacity = size == 0 ? 4 : size * 2;
            set = Arrays.copyOf(set, capacity);
            values = Arrays.copyOf(values, capacity);
            positions = Arrays.copyOf(positions, capacity);
        }
        set[size] = field;
        values[size] = value;
        positions[size++] = at;
    }
}
