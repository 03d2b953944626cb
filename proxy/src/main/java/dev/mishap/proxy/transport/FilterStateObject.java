package dev.mishap.proxy.transport;

import java.util.Map;

/** What a filter leaves with a stream or a connection: an object with a text form and a protobuf one. Read on the loop. */
public interface FilterStateObject {
    /** The text form, {@code PLAIN}; its characters stand for bytes, as in header values. */
    String plain();

    /** The fields of the protobuf form that are set, by their names in snake_case; 64-bit numbers as text, as in its JSON. */
    Map<String, Object> fields();
}
