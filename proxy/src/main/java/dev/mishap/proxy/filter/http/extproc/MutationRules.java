package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.match.SafeRegex;
import org.jspecify.annotations.Nullable;

/**
 * Which headers the service may change: {@code envoy.config.common.mutation_rules.v3.HeaderMutationRules}.
 *
 * @param error whether it is an error to change others, rather than without effect
 */
record MutationRules(
        boolean allowRouting,
        boolean allowEnvoy,
        boolean disallowSystem,
        boolean disallowAll,
        @Nullable SafeRegex allowed,
        @Nullable SafeRegex disallowed,
        boolean error) {
    static final SupportedFields FIELDS = SupportedFields.of(
                    "envoy.config.common.mutation_rules.v3.HeaderMutationRules")
            .supported(
                    "allow_all_routing",
                    "allow_envoy",
                    "disallow_system",
                    "disallow_all",
                    "allow_expression",
                    "disallow_expression",
                    "disallow_is_error");

    static final MutationRules DEFAULT = new MutationRules(false, false, false, false, null, null, false);

    static MutationRules from(@Nullable ConfigNode node) {
        if (node == null) {
            return DEFAULT;
        }
        return new MutationRules(
                flag(node, "allow_all_routing"),
                flag(node, "allow_envoy"),
                flag(node, "disallow_system"),
                flag(node, "disallow_all"),
                regex(node.message("allow_expression")),
                regex(node.message("disallow_expression")),
                flag(node, "disallow_is_error"));
    }

    private static boolean flag(ConfigNode node, String field) {
        return node.bool(field, false);
    }

    private static @Nullable SafeRegex regex(@Nullable ConfigNode node) {
        return node == null ? null : SafeRegex.from(node);
    }

    /** Whether a header may be set; its name is in lower case. */
    boolean maySet(String name) {
        if (disallowed != null && disallowed.matches(name)) {
            return false;
        }
        if (allowed != null && allowed.matches(name)) {
            return true;
        }
        return !disallowAll
                && !(disallowSystem && name.startsWith(":"))
                && (allowRouting || !isRouting(name))
                && (allowEnvoy || !name.startsWith("x-envoy"));
    }

    /** Whether a header may be removed; its name is in lower case. */
    boolean mayRemove(String name) {
        return !name.startsWith(":") && !name.equals("host") && maySet(name);
    }

    private static boolean isRouting(String name) {
        return name.equals("host") || name.equals(":authority") || name.equals(":scheme") || name.equals(":method");
    }
}
