package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Checks the validation rules of every message of a tree. Messages inside an Any start a chain of their own, as in Envoy, which
 * validates them when it unpacks them.
 */
final class Constraints {
    private static final int KEPT = 20;
    private static final String EMBEDDED = ": embedded message failed validation | caused by ";

    private final List<String> failures = new ArrayList<>();

    private Constraints() {}

    static void check(MessageNode root) {
        Constraints constraints = new Constraints();
        constraints.message(root);
        if (!constraints.failures.isEmpty()) {
            throw new ConfigException(String.join("\n", constraints.failures));
        }
    }

    private void message(MessageNode node) {
        MessageType type = node.type();
        if (type.wellKnown() != WellKnown.NONE) {
            return;
        }
        boolean checked = type.isChecked();
        if (checked) {
            requiredOneofs(node);
            for (FieldType field : type.fields()) {
                FieldRules rules = field.rules();
                if (rules != null) {
                    field(node, field, rules);
                }
            }
        }
        for (int i = 0; i < node.size(); i++) {
            FieldType field = node.fieldAt(i);
            if (field.kind() == FieldType.MESSAGE) {
                children(node, field, node.valueAt(i), checked);
            }
        }
    }

    private void requiredOneofs(MessageNode node) {
        String[] oneofs = node.type().oneofs();
        for (int i = 0; i < oneofs.length; i++) {
            if (node.type().oneofRequired(i) && !isSet(node, i)) {
                add(node, "", "field: \"" + oneofs[i] + "\", reason: is required");
            }
        }
    }

    private static boolean isSet(MessageNode node, int oneof) {
        for (int i = 0; i < node.size(); i++) {
            if (node.fieldAt(i).oneof() == oneof) {
                return true;
            }
        }
        return false;
    }

    private void children(MessageNode node, FieldType field, Object value, boolean checked) {
        WellKnown wellKnown = field.wellKnown();
        if (wellKnown == WellKnown.DURATION) {
            durations(node, field, value);
            return;
        }
        FieldRules rules = field.rules();
        boolean skip = rules != null && rules.messageSkip || !checked && wellKnown != WellKnown.ANY;
        if (skip || wellKnown != WellKnown.NONE && wellKnown != WellKnown.ANY) {
            return;
        }
        if (value instanceof List<?> list) {
            for (Object item : list) {
                child(item);
            }
        } else if (value instanceof Map<?, ?> map) {
            for (Object item : map.values()) {
                child(item);
            }
        } else {
            child(value);
        }
    }

    private void child(Object value) {
        if (value instanceof MessageNode child && failures.size() < KEPT) {
            message(child);
        }
    }

    // Envoy refuses every negative duration, whatever the rules say, and those whose nanoseconds would not fit 63 bits.
    private void durations(MessageNode node, FieldType field, Object value) {
        if (value instanceof List<?> list) {
            list.forEach(v -> durations(node, field, v));
        } else if (value instanceof Map<?, ?> map) {
            map.values().forEach(v -> durations(node, field, v));
        } else {
            TimeValue time = (TimeValue) value;
            if (time.seconds() < 0 || time.nanos() < 0) {
                StringBuilder s = new StringBuilder("Invalid duration: Expected positive duration: ");
                s.append(node.error(field.name(), "got " + time.durationText()).getMessage());
                keep(s.toString());
            } else if (time.seconds() >= TimeValue.OUT_OF_RANGE_SECONDS) {
                keep("Invalid duration: Duration out-of-range: "
                        + node.error(field.name(), "got " + time.durationText()).getMessage());
            }
        }
    }

    private void field(MessageNode node, FieldType field, FieldRules rules) {
        Object value = node.value(field);
        if (value == null && field.oneof() >= 0) {
            // A oneof's member is held to its rules once it is the chosen one.
            return;
        }
        if (value == null && node.emptyAny(field.name())) {
            // It is there, so that no rule is broken, and it names no extension.
            keep(node.error(
                            field.name(),
                            "Didn't find a registered implementation for '" + JsonMapping.nameOf(node)
                                    + "' with type URL: ''")
                    .getMessage());
            return;
        }
        if (value == null && (rules.messageRequired || rules.required)) {
            boolean wrapper = field.wellKnown() == WellKnown.WRAPPER && rules.type != 0;
            add(
                    node,
                    field.name(),
                    name(node, field) + ": value is required" + (wrapper ? " and must not be nil." : ""));
            return;
        }
        if (field.isRepeated()) {
            repeated(node, field, rules, value == null ? List.of() : (List<?>) value);
        } else if (field.isMap()) {
            map(node, field, rules, value == null ? Map.of() : (Map<?, ?>) value);
        } else if (value != null || field.kind() != FieldType.MESSAGE && !field.hasPresence()) {
            String problem = RuleCheck.value(rules, field, value);
            if (problem != null) {
                add(node, field.name(), name(node, field) + ": " + problem);
            }
        }
    }

    private void repeated(MessageNode node, FieldType field, FieldRules rules, List<?> list) {
        if (rules.ignoreEmpty && list.isEmpty()) {
            return;
        }
        count(node, field, rules, list.size(), "item");
        if (rules.unique) {
            Set<Object> seen = new HashSet<>();
            for (int i = 0; i < list.size(); i++) {
                if (!seen.add(list.get(i))) {
                    add(
                            node,
                            field.name(),
                            name(node, field) + "[" + i + "]: repeated value must contain unique items");
                }
            }
        }
        FieldRules items = rules.items;
        for (int i = 0; items != null && i < list.size(); i++) {
            String problem = RuleCheck.value(items, field, list.get(i));
            if (problem != null) {
                add(node, field.name(), name(node, field) + "[" + i + "]: " + problem);
            }
        }
    }

    private void map(MessageNode node, FieldType field, FieldRules rules, Map<?, ?> map) {
        if (rules.ignoreEmpty && map.isEmpty()) {
            return;
        }
        count(node, field, rules, map.size(), "pair");
        for (Map.Entry<?, ?> e : map.entrySet()) {
            String problem = rules.keys == null ? null : RuleCheck.key(rules.keys, e.getKey());
            if (problem == null && rules.values != null) {
                problem = RuleCheck.value(rules.values, field, e.getValue());
            }
            if (problem != null) {
                add(node, field.name(), name(node, field) + "[" + e.getKey() + "]: " + problem);
            }
        }
    }

    private void count(MessageNode node, FieldType field, FieldRules rules, int size, String what) {
        long min = rules.minItems;
        long max = rules.maxItems;
        String problem = null;
        if (min >= 0 && max >= 0) {
            if (min == max && size != min) {
                problem = "value must contain exactly " + min + " " + what + "(s)";
            } else if (size < min || size > max) {
                problem = "value must contain between " + min + " and " + max + " " + what + "s, inclusive";
            }
        } else if (min >= 0 && size < min) {
            problem = "value must contain at least " + min + " " + what + "(s)";
        } else if (max >= 0 && size > max) {
            problem = "value must contain no more than " + max + " " + what + "(s)";
        }
        if (problem != null) {
            add(node, field.name(), name(node, field) + ": " + problem);
        }
    }

    /** {@code FaultAbortValidationError.HttpStatus}: the simple name of the message, the field in UpperCamelCase. */
    private static String name(MessageNode node, FieldType field) {
        String message = node.type().name();
        String camel = FieldType.camelCase(field.name());
        return message.substring(message.lastIndexOf('.') + 1) + "ValidationError."
                + Character.toUpperCase(camel.charAt(0)) + camel.substring(1);
    }

    private void add(MessageNode node, String field, String problem) {
        if (failures.size() >= KEPT) {
            return;
        }
        StringBuilder s = new StringBuilder("Proto constraint validation failed (");
        appendChain(s, node);
        keep(node.error(field, s.append(problem).append(')').toString()).getMessage());
    }

    /** The fields that lead from the root, or from the Any around it, to {@code node}. */
    private static void appendChain(StringBuilder s, MessageNode node) {
        MessageNode parent = node.parent();
        FieldType field = node.parentField();
        if (parent == null || field == null || node.typeUrl() != null) {
            return;
        }
        appendChain(s, parent);
        s.append(name(parent, field));
        if (node.place() != null) {
            s.append('[').append(node.place()).append(']');
        }
        s.append(EMBEDDED);
    }

    private void keep(String failure) {
        if (failures.size() < KEPT) {
            failures.add(failure);
        }
    }
}
