package dev.mishap.proxy.transport;

import java.util.Map;

/**
 * A single value as filter state.
 *
 * @param plain its text, whose characters stand for bytes
 * @param json the same as JSON: text that it is, a boolean, or a 64-bit number as text
 * @param hashable whether a load balancer can go by it
 */
public record FilterStateValue(String plain, Object json, boolean hashable) implements FilterStateObject {
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
