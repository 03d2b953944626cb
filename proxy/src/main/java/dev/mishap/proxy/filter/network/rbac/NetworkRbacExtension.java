package dev.mishap.proxy.filter.network.rbac;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.rbac.RbacEngine;
import dev.mishap.proxy.filter.common.rbac.RbacStats;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.NetworkFilterFactory;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code envoy.filters.network.rbac}. */
public final class NetworkRbacExtension implements NetworkFilterExtension {
    private static final String MESSAGE = "envoy.extensions.filters.network.rbac.v3.RBAC";

    /** The messages that the filter reads, beside the engine's. */
    public static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(MESSAGE)
            .supported(
                    "rules",
                    "matcher",
                    "shadow_rules",
                    "shadow_matcher",
                    "shadow_rules_stat_prefix",
                    "stat_prefix",
                    "enforcement_type",
                    "delay_deny"));

    /**
     * What a connection is checked by.
     *
     * @param continuous whether all that is read is checked, rather than the first bytes only
     * @param delayNanos how long a connection that is denied stays open, unread
     */
    record Config(
            @Nullable RbacEngine rules,
            @Nullable RbacEngine shadow,
            String shadowPrefix,
            boolean continuous,
            long delayNanos,
            RbacStats stats) {}

    @Override
    public String name() {
        return "envoy.filters.network.rbac";
    }

    @Override
    public String typeUrl() {
        return MESSAGE;
    }

    @Override
    public boolean terminal() {
        return false;
    }

    @Override
    public NetworkFilterFactory parse(ConfigNode node, NetworkFilterContext context) {
        refuseHeaders(node.message("rules"));
        refuseHeaders(node.message("shadow_rules"));
        String prefix = node.string("stat_prefix");
        String shadowPrefix = node.string("shadow_rules_stat_prefix");
        Scope scope = context.root().scope((prefix.endsWith(".") ? prefix : prefix + ".") + "rbac.");
        Config config = new Config(
                RbacEngine.from(node.message("rules"), node.message("matcher"), false),
                RbacEngine.from(node.message("shadow_rules"), node.message("shadow_matcher"), false),
                shadowPrefix,
                node.enumName("enforcement_type").equals("CONTINUOUS"),
                node.durationNanos("delay_deny", 0),
                new RbacStats(scope, "", shadowPrefix));
        return (PassingFilterFactory) () -> new NetworkRbacFilter(config);
    }

    /** A connection has no headers, so a rule about them is a mistake. */
    private static void refuseHeaders(@Nullable ConfigNode rules) {
        if (rules == null) {
            return;
        }
        for (ConfigNode policy : rules.messageMap("policies").values()) {
            for (ConfigNode permission : policy.messages("permissions")) {
                refuseHeader(permission, "and_rules", "or_rules", "rules", "not_rule");
            }
            for (ConfigNode principal : policy.messages("principals")) {
                refuseHeader(principal, "and_ids", "or_ids", "ids", "not_id");
            }
        }
    }

    private static void refuseHeader(ConfigNode rule, String and, String or, String list, String not) {
        ConfigNode header = rule.message("header");
        if (header != null) {
            throw new ConfigException("Found header(\nname: \"" + header.string("name")
                    + "\"\n) rule,not supported by RBAC network filter");
        }
        for (String set : new String[] {and, or}) {
            ConfigNode nested = rule.message(set);
            if (nested != null) {
                nested.messages(list).forEach(r -> refuseHeader(r, and, or, list, not));
            }
        }
        ConfigNode negated = rule.message(not);
        if (negated != null) {
            refuseHeader(negated, and, or, list, not);
        }
    }
}
