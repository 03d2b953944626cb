package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.List;

/**
 * What was wrong with one document. Unknown fields and enum values are kept apart, since the caller may tolerate them; all else
 * makes the document unreadable. Only the first few of each are kept, which bounds the message for a hostile document.
 */
final class Problems {
    private static final int KEPT = 20;

    private final String root;
    private final List<String> unknown = new ArrayList<>();
    private final List<String> hard = new ArrayList<>();
    private final List<String> unregistered = new ArrayList<>();
    private int dropped;

    Problems(String root) {
        this.root = root;
    }

    /** The name of the message that the document is. */
    String root() {
        return root;
    }

    void unknown(String problem) {
        add(unknown, problem);
    }

    void hard(String problem) {
        add(hard, problem);
    }

    /** An extension that does not exist, in words that need nothing around them. */
    void unregistered(String problem) {
        add(unregistered, problem);
    }

    private void add(List<String> list, String problem) {
        if (list.size() < KEPT) {
            list.add(problem);
        } else {
            dropped++;
        }
    }

    List<String> unknownFields() {
        return unknown;
    }

    /** Throws when something can't be read, or, unless {@code tolerateUnknown}, is unknown. */
    void throwIfAny(boolean tolerateUnknown) {
        if (!hard.isEmpty()) {
            throw error("Unable to parse JSON as proto (INVALID_ARGUMENT: ", hard, ")");
        }
        if (!unregistered.isEmpty()) {
            throw error("", unregistered, "");
        }
        if (!unknown.isEmpty() && !tolerateUnknown) {
            throw error(
                    "Protobuf message (type " + root + " reason INVALID_ARGUMENT: ", unknown, ") has unknown fields");
        }
    }

    private ConfigException error(String before, List<String> problems, String after) {
        StringBuilder s = new StringBuilder();
        for (String problem : problems) {
            s.append(s.length() == 0 ? "" : "\n").append(before).append(problem).append(after);
        }
        if (dropped > 0) {
            s.append("\nand ").append(dropped).append(" more");
        }
        return new ConfigException(s.toString());
    }
}
