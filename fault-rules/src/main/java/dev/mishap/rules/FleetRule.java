package dev.mishap.rules;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A rule as a control plane takes it: with what means nothing to a single proxy, which refuses it.
 *
 * @param namespace where it belongs; null = as the caller says
 * @param annotations texts that mean nothing to Mishap; not selected by
 * @param overrideReason why it may touch more than 5 % of the traffic in production; null = it may not
 */
public record FleetRule(
        @Nullable String namespace,
        Map<String, String> annotations,
        @Nullable String overrideReason,
        FaultRule rule) {
    private static final int MAX_ANNOTATIONS = 64 << 10;
    private static final int MAX_REASON = 1000;

    public FleetRule {
        annotations = Collections.unmodifiableMap(new TreeMap<>(annotations));
        int length = annotations.entrySet().stream()
                .mapToInt(e -> e.getKey().length() + e.getValue().length())
                .sum();
        if (length > MAX_ANNOTATIONS) {
            throw new IllegalArgumentException(
                    "metadata.annotations must have at most " + MAX_ANNOTATIONS + " characters, got " + length);
        }
        if (namespace != null) {
            requireNamespace(namespace);
        }
        if (overrideReason != null && overrideReason.isBlank()) {
            throw new IllegalArgumentException("override.reason must not be empty");
        }
        if (overrideReason != null && overrideReason.length() > MAX_REASON) {
            throw new IllegalArgumentException("override.reason must have at most " + MAX_REASON + " characters");
        }
    }

    public static FleetRule of(FaultRule rule) {
        return new FleetRule(null, Map.of(), null, rule);
    }

    public FleetRule in(String otherNamespace) {
        return new FleetRule(otherNamespace, annotations, overrideReason, rule);
    }

    /** Namespaces stand in paths and keys beside names, so they are as plain and shorter: those of Kubernetes all fit. */
    public static void requireNamespace(String namespace) {
        FaultRule.requireName("namespace", namespace, 63);
    }
}
