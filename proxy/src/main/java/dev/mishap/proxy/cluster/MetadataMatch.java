package dev.mishap.proxy.cluster;

import java.util.Map;
import java.util.TreeMap;

/**
 * {@code metadata_match}: the values of {@code envoy.lb} that an endpoint must have. In the order of the keys, as selectors of
 * subsets are.
 */
public final class MetadataMatch {
    /** The namespace of endpoints' metadata that load balancing looks at. */
    public static final String NAMESPACE = "envoy.lb";

    private final String[] keys;
    private final Object[] values;
    private final TreeMap<String, Object> sorted;

    private MetadataMatch(TreeMap<String, Object> sorted) {
        this.sorted = sorted;
        keys = sorted.keySet().toArray(new String[0]);
        values = sorted.values().toArray();
    }

    /** From the fields of a namespace's struct; values are as {@code ConfigNode.struct} gives them. */
    public static MetadataMatch of(Map<String, ?> fields) {
        TreeMap<String, Object> sorted = new TreeMap<>();
        fields.forEach((k, v) -> {
            if (v != null) {
                sorted.put(k, v);
            }
        });
        return new MetadataMatch(sorted);
    }

    /** Both; where a key is in both, {@code over} wins: a weighted cluster over its route, a request over both. */
    public MetadataMatch with(MetadataMatch over) {
        TreeMap<String, Object> all = new TreeMap<>(sorted);
        all.putAll(over.sorted);
        return new MetadataMatch(all);
    }

    public int size() {
        return keys.length;
    }

    public String key(int i) {
        return keys[i];
    }

    public Object value(int i) {
        return values[i];
    }
}
