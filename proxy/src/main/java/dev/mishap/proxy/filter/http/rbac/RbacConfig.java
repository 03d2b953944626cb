package dev.mishap.proxy.filter.http.rbac;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.rbac.RbacEngine;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code rbac.v3.RBAC}, resolved.
 *
 * @param rules what is enforced, or null for nothing
 * @param shadow what is only counted and told, or null for nothing
 */
record RbacConfig(
        @Nullable RbacEngine rules,
        @Nullable RbacEngine shadow,
        String rulesPrefix,
        String shadowPrefix,
        boolean perPolicyStats) {
    static final String FILTER = "envoy.extensions.filters.http.rbac.v3.RBAC";
    static final String PER_ROUTE = "envoy.extensions.filters.http.rbac.v3.RBACPerRoute";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER)
                    .supported(
                            "rules",
                            "rules_stat_prefix",
                            "matcher",
                            "shadow_rules",
                            "shadow_matcher",
                            "shadow_rules_stat_prefix",
                            "track_per_rule_stats"),
            SupportedFields.of(PER_ROUTE).supported("rbac"));

    static final RbacConfig OFF = new RbacConfig(null, null, "", "", false);

    static RbacConfig from(ConfigNode node) {
        return new RbacConfig(
                RbacEngine.from(node.message("rules"), node.message("matcher"), true),
                RbacEngine.from(node.message("shadow_rules"), node.message("shadow_matcher"), true),
                node.string("rules_stat_prefix"),
                node.string("shadow_rules_stat_prefix"),
                node.bool("track_per_rule_stats", false));
    }
}
