package dev.mishap.proxy.filter.http.setmetadata;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.stats.Counter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What one configuration of the filter sets, in its order: {@code set_metadata.v3.Config}. Immutable. */
final class MetadataUpdates {
    static final String FILTER = "envoy.extensions.filters.http.set_metadata.v3.Config";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER).supported("metadata_namespace", "value", "metadata"),
            SupportedFields.of("envoy.extensions.filters.http.set_metadata.v3.Metadata")
                    .supported("metadata_namespace", "allow_overwrite", "value"));

    /** Values for one namespace; {@code overwrites} tells whether they may meet others there. */
    private record Update(String namespace, boolean overwrites, Map<String, Object> values) {}

    private final List<Update> updates;
    private final Counter overwriteDenied;

    private MetadataUpdates(List<Update> updates, Counter overwriteDenied) {
        this.updates = updates;
        this.overwriteDenied = overwriteDenied;
    }

    static MetadataUpdates from(ConfigNode node, Counter overwriteDenied) {
        List<Update> updates = new ArrayList<>();
        if (node.has("value")) {
            updates.add(new Update(node.string("metadata_namespace"), true, values(node)));
        }
        for (ConfigNode metadata : node.messages("metadata")) {
            if (metadata.has("value")) {
                updates.add(new Update(
                        metadata.string("metadata_namespace"),
                        metadata.bool("allow_overwrite", false),
                        values(metadata)));
            }
        }
        return new MetadataUpdates(List.copyOf(updates), overwriteDenied);
    }

    private static Map<String, Object> values(ConfigNode node) {
        Map<String, Object> values = new LinkedHashMap<>();
        if (node.struct("value") instanceof Map<?, ?> map) {
            merge(values, map);
        }
        return values;
    }

    void apply(StreamInfo info) {
        for (int i = 0; i < updates.size(); i++) {
            Update update = updates.get(i);
            Map<String, Object> there = info.dynamicMetadata(update.namespace());
            if (there != null && !update.overwrites()) {
                overwriteDenied.inc();
                continue;
            }
            Map<String, Object> merged = new LinkedHashMap<>();
            if (there != null) {
                merge(merged, there);
            }
            merge(merged, update.values());
            info.putDynamicMetadata(update.namespace(), merged);
        }
    }

    /** Lists grow, structs are merged, whatever else is there is replaced. */
    private static void merge(Map<String, Object> into, Map<?, ?> values) {
        values.forEach((key, value) -> put(into, String.valueOf(key), value));
    }

    @SuppressWarnings({"unchecked", "NullAway"}) // structs and lists in the target were made here; values may be null
    private static void put(Map<String, Object> into, String key, @Nullable Object value) {
        Object there = into.get(key);
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> target =
                    there instanceof Map<?, ?> ? (Map<String, Object>) there : new LinkedHashMap<>();
            merge(target, map);
            into.put(key, target);
        } else if (value instanceof List<?> list) {
            List<Object> target = there instanceof List<?> ? (List<Object>) there : new ArrayList<>();
            for (Object element : list) {
                target.add(copy(element));
            }
            into.put(key, target);
        } else {
            into.put(key, value);
        }
    }

    @SuppressWarnings("NullAway") // elements may be null
    private static @Nullable Object copy(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> copy = new LinkedHashMap<>();
            merge(copy, map);
            return copy;
        }
        if (value instanceof List<?> list) {
            List<Object> copy = new ArrayList<>(list.size());
            list.forEach(element -> copy.add(copy(element)));
            return copy;
        }
        return value;
    }
}
