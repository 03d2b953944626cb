package dev.mishap.proxy.transport;

import java.util.Map;

/**
 * A single value as filter state.
 *
 * @param plain its text, whose characters stand for bytes
 * @param json the same as JSON: text that it is, a boolean, or a 64-bit number as text
 * @param hashable whether a load balancer can go by it
 * @param sharing whether connections upstream get it
 */
public record FilterStateValue(String plain, Object json, boolean hashable, Sharing sharing)
        implements FilterStateObject {
    /** {@code shared_with_upstream}. */
    public enum Sharing {
        NONE,
        /** The next connection upstream has it. */
        ONCE,
        /** That one and those that it leads to. */
        TRANSITIVE
    }

    /** A value that is not shared. */
    public FilterStateValue(String plain, Object json, boolean hashable) {
        this(plain, json, hashable, Sharing.NONE);
    }

    public FilterStateValue shared(Sharing how) {
        return new FilterStateValue(plain, json, hashable, how);
    }

    /** Adds to {@code shared} what of {@code state} a connection upstream is told, as it will have it. */
    public static void share(Map<String, ?> state, Map<String, FilterStateValue> shared) {
        state.forEach((key, value) -> {
            if (value instanceof FilterStateValue v && v.sharing != Sharing.NONE) {
                shared.put(key, v.sharing == Sharing.ONCE ? v.shared(Sharing.NONE) : v);
            }
        });
    }

    @Override
    public Map<String, Object> fields() {
        return Map.of();
    }

    /** The text, as filter state that is text itself has it. */
    @Override
    public String toString() {
        return plain;
    }
}
