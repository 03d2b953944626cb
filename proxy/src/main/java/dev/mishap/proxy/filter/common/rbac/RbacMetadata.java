package dev.mishap.proxy.filter.common.rbac;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The dynamic metadata that tell what was decided. */
public final class RbacMetadata {
    /** The namespace of {@link RbacEngine.Decision#logHint}. */
    public static final String COMMON = "envoy.common";

    private RbacMetadata() {}

    /** The fields for what was enforced and what the shadow would have done. */
    public static Map<String, Object> fields(
            RbacEngine.@Nullable Decision enforced,
            RbacEngine.@Nullable Decision shadow,
            String rulesPrefix,
            String shadowPrefix) {
        Map<String, Object> fields = new LinkedHashMap<>();
        add(fields, shadow, shadowPrefix + "shadow_effective_policy_id", shadowPrefix + "shadow_engine_result");
        add(fields, enforced, rulesPrefix + "enforced_effective_policy_id", rulesPrefix + "enforced_engine_result");
        return fields;
    }

    private static void add(
            Map<String, Object> fields, RbacEngine.@Nullable Decision decision, String policy, String result) {
        if (decision != null) {
            if (decision.policy() != null) {
                fields.put(policy, decision.policy());
            }
            fields.put(result, decision.allowed() ? "allowed" : "denied");
        }
    }

    /** {@code access_log_hint}. */
    public static Map<String, Object> logHint(boolean value) {
        return Map.of("access_log_hint", value);
    }

    /** What %RESPONSE_CODE_DETAILS% or the reason of a close tells of a denial. */
    public static String details(@Nullable String policy) {
        return "rbac_access_denied_matched_policy[" + (policy == null ? "none" : policy.replaceAll("\\s", "_")) + "]";
    }
}
