package dev.mishap.rules;

import org.jspecify.annotations.Nullable;

/**
 * A rule as a control plane takes it: with what means nothing to a single proxy, which refuses it.
 *
 * @param namespace where it belongs; null = as the caller says
 * @param overrideReason why it may touch more than 5 % of the traffic in production; null = it may not
 */
public record FleetRule(
        @Nullable String namespace, @Nullable String overrideReason, FaultRule rule) {
    public FleetRule {
        if (namespace != null) {
            requireNamespace(namespace);
        }
        if (overrideReason != null && overrideReason.isBlank()) {
            throw new IllegalArgumentException("override.reason must not be empty");
        }
        if (overrideReason != null && overrideReason.length() > 1000) {
            throw new IllegalArgumentException("override.reason must have at most 1000 characters");
        }
    }

    public static FleetRule of(FaultRule rule) {
        return new FleetRule(null, null, rule);
    }

    public FleetRule in(String otherNamespace) {
        return new FleetRule(otherNamespace, overrideReason, rule);
    }

    /** Namespaces stand in paths and keys beside names, so they are as plain and shorter: those of Kubernetes all fit. */
    public static void requireNamespace(String namespace) {
        FaultRule.requireName("namespace", namespace, 63);
    }
}
