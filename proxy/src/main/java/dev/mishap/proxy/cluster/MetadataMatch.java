package dev.mishap.proxy.cluster;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * {@code metadata_match}: the values of {@code envoy.lb} that an endpoint must have. In the order of the keys, as selectors of
 * subsets are. Immutable; equal by value, and hashed once, since it is looked up for each request.
 */
public final class MetadataMatch {
    /** The namespace of endpoints' metadata that load balancing looks at. */
    public static final String NAMESPACE = "envoy.lb";

    public static final MetadataMatch EMPTY = new MetadataMatch(new TreeMap<>());

    private final String[] keys;
    private final Object[] values;
    private final int hash;

    private MetadataMatch(TreeMap<String, Object> sorted) {
        keys = sorted.keySet().toArray(new String[0]);
        values = sorted.values().toArray();
        hash = 31 * Arrays.hashCode(keys) + Arrays.hashCode(values);
    }

    /** From the fields of a namespace's struct; values are as {@code ConfigNode.struct} gives them. */
    public static MetadataMatch of(Map<String, ?> fields) {
        TreeMap<String, Object> sorted = new TreeMap<>();
        fields.forEach((k, v) -> {
            if (v != null) {
                sorted.put(k, plain(v));
            }
        });
        return new MetadataMatch(sorted);
    }

    /** A value in the form in which values are compared: all numbers are doubles. */
    public static Object plain(Object value) {
        if (value instanceof Number n) {
            return n.doubleValue();
        }
        return value instanceof List<?> list
                ? list.stream().map(v -> v == null ? "" : plain(v)).toList()
                : value;
    }

    private TreeMap<String, Object> sorted() {
        TreeMap<String, Object> all = new TreeMap<>();
        for (int i = 0; i < keys.length; i++) {
            all.put(keys[i], values[i]);
        }
        return all;
    }

    /** Both; where a key is in both, {@code over} wins: a weighted cluster over its route, a request over both. */
    public MetadataMatch with(MetadataMatch over) {
        TreeMap<String, Object> all = sorted();
        all.putAll(over.sorted());
        return new MetadataMatch(all);
    }

    /** The part that has one of {@code some} keys. */
    public MetadataMatch only(Collection<String> some) {
        TreeMap<String, Object> all = sorted();
        all.keySet().retainAll(some);
        return new MetadataMatch(all);
    }

    /** Without one key. */
    public MetadataMatch without(String key) {
        TreeMap<String, Object> all = sorted();
        all.remove(key);
        return new MetadataMatch(all);
    }

    /** The value of a key, or null. */
    public @Nullable Object get(String key) {
        int i = Arrays.binarySearch(keys, key);
        return i < 0 ? null : values[i];
    }

    /** Whether the keys are {@code sorted}, no more and no less. */
    public boolean hasKeys(List<String> sorted) {
        return Arrays.asList(keys).equals(sorted);
    }

    /** Whether all of {@code some} are among the keys. */
    public boolean containsKeys(List<String> some) {
        for (String key : some) {
            if (Arrays.binarySearch(keys, key) < 0) {
                return false;
            }
        }
        return true;
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

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof MetadataMatch m
                && m.hash == hash
                && Arrays.equals(m.keys, keys)
                && Arrays.equals(m.values, values);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return sorted().toString();
    }
}
