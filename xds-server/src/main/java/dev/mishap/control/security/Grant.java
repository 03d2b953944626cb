package dev.mishap.control.security;

import dev.mishap.control.rules.LabelSelector;
import dev.mishap.rules.FleetRule;
import java.util.List;
import java.util.Map;

/**
 * A role, and what of the control plane it is for.
 *
 * @param namespaces empty = all; {@code team-*} = those that begin so
 * @param labels the rules that it is for, by their labels, as a selector; empty = all
 * @param selector the same, ready to use
 */
public record Grant(Role role, List<String> namespaces, String labels, LabelSelector selector) {
    public Grant {
        namespaces = List.copyOf(namespaces);
    }

    /** @throws IllegalArgumentException saying what was expected */
    public static Grant of(Role role, List<String> namespaces, String labels) {
        for (String namespace : namespaces) {
            String name = namespace.endsWith("*") ? namespace.substring(0, namespace.length() - 1) + "x" : namespace;
            try {
                FleetRule.requireNamespace(name);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "expected a namespace, or the beginning of one and '*', such as 'pay-*', found '" + namespace
                                + "'",
                        e);
            }
        }
        return new Grant(role, namespaces, labels, LabelSelector.parse(labels));
    }

    public static Grant everything(Role role) {
        return of(role, List.of(), "");
    }

    /** Whether it is for a namespace, at least for some of its rules. */
    boolean inNamespace(String namespace) {
        return namespaces.isEmpty()
                || namespaces.stream()
                        .anyMatch(pattern -> pattern.endsWith("*")
                                ? namespace.startsWith(pattern.substring(0, pattern.length() - 1))
                                : pattern.equals(namespace));
    }

    boolean covers(Role needed, String namespace, Map<String, String> ruleLabels) {
        return role.covers(needed) && inNamespace(namespace) && selector.matches(ruleLabels);
    }

    boolean unbounded() {
        return namespaces.isEmpty() && selector.isAll();
    }
}
