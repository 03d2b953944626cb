package dev.mishap.proxy.http;

import java.util.Map;

/** What a filter leaves with a stream for access logs: an object with a text form and a protobuf one. Read on the stream's loop. */
public interface FilterStateObject {
    /** The text form, {@code PLAIN}. */
    String plain();

    /** The fields of the protobuf form that are set, by their names in snake_case; 64-bit numbers as text, as in its JSON. */
    Map<String, Object> fields();
}
