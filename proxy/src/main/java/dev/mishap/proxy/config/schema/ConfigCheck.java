package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
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

    /** The deprecated fields that are set anywhere in the tree, one warning each; at most 50. */
    public static List<String> deprecated(ConfigNode node) {
        List<String> warnings = new ArrayList<>();
        deprecated((MessageNode) node, warnings);
        return warnings;
    }

    private static void deprecated(Object value, List<String> warnings) {
        if (value instanceof MessageNode node) {
            for (int i = 0; i < node.size() && warnings.size() < 50; i++) {
                FieldType field = node.fieldAt(i);
                if (field.isDeprecated()) {
                    warnings.add("Using deprecated option '" + node.type().name() + "." + field.name() + "' at "
                            + node.error(field.name(), "it will be removed from Envoy")
                                    .getMessage());
                }
                if (field.kind() == FieldType.MESSAGE) {
                    deprecated(node.valueAt(i), warnings);
                }
            }
        } else if (value instanceof List<?> list) {
            list.forEach(v -> deprecated(v, warnings));
        } else if (value instanceof Map<?, ?> map) {
            map.values().forEach(v -> deprecated(v, warnings));
        }
    }
}
