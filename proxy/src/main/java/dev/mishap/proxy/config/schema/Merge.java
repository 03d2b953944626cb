package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Protobuf's MergeFrom: scalars replace, messages merge, lists grow, entries of maps replace those of the same key. */
final class Merge {
    private Merge() {}

    /** Merges {@code from} into {@code into}, a message of the same type. */
    static void into(MessageNode into, MessageNode from) {
        for (int i = 0; i < from.size(); i++) {
            FieldType field = from.fieldAt(i);
            Object value = from.valueAt(i);
            int position = from.positionAt(i);
            if (field.isRepeated()) {
                List<Object> list = into.listFor(field, position);
                for (Object item : (List<?>) value) {
                    list.add(adopt(item, into, field, list.size()));
                }
            } else if (field.isMap()) {
                Map<Object, Object> map = into.mapFor(field, position);
                for (Map.Entry<?, ?> e : ((Map<?, ?>) value).entrySet()) {
                    map.put(e.getKey(), adopt(e.getValue(), into, field, e.getKey()));
                }
            } else {
                into.put(field, merged(into.value(field), value, into, field), position);
            }
        }
    }

    private static Object merged(@Nullable Object old, Object value, MessageNode into, FieldType field) {
        if (old instanceof MessageNode before
                && value instanceof MessageNode now
                && before.typeUrl() == null
                && now.typeUrl() == null) {
            into(before, now);
            return before;
        }
        if (old instanceof Map<?, ?> before
                && value instanceof Map<?, ?> now
                && field.wellKnown() == WellKnown.STRUCT) {
            Map<Object, Object> both = new LinkedHashMap<>(before);
            both.putAll(now);
            return both;
        }
        if (old instanceof List<?> before && value instanceof List<?> now && field.wellKnown() == WellKnown.LIST) {
            List<Object> both = new ArrayList<>(before);
            both.addAll(now);
            return both;
        }
        return adopt(value, into, field, null);
    }

    private static Object adopt(Object value, MessageNode parent, FieldType field, @Nullable Object place) {
        return value instanceof MessageNode node ? node.under(parent, field, place) : value;
    }
}
