package dev.mishap.proxy.config.schema;

import java.util.List;
import java.util.Map;

/** Checks of a tree that was read. */
public final class ConfigCheck {
    private ConfigCheck() {}

    /** Checks the validation rules of every message of the tree; throws with all that is broken, in Envoy's words. */
    public static void constraints(ConfigNode node) {
        Constraints.check((MessageNode) node);
    }

    /**
     * Refuses what no translator lists: throws with every field that is set and neither supported nor accepted, and every
     * message that is not in {@code table}, each by its path.
     */
    public static void support(ConfigNode node, Map<String, SupportedFields> table) {
        SupportCheck check = new SupportCheck(table);
        check.message((MessageNode) node);
        List<String> refusals = check.refusals();
        if (!refusals.isEmpty()) {
            throw new ConfigException(String.join("\n", refusals));
        }
    }

    /** The error of whoever finds no extension for the message of an Any, in Envoy's words. */
    public static ConfigException unregistered(ConfigNode extension) {
        return new ConfigException(SupportCheck.unregistered((MessageNode) extension));
    }
}
