package dev.mishap.proxy.filter.common.rbac;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.matching.Facts;
import dev.mishap.proxy.filter.common.matching.Input;
import dev.mishap.proxy.filter.common.matching.MatchTree;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Decides by policies, or by a tree of matchers, whether something is allowed. Immutable. */
@FunctionalInterface
public interface RbacEngine {
    /** The messages that engines are read from. */
    List<SupportedFields> FIELDS = fields();

    private static List<SupportedFields> fields() {
        List<SupportedFields> all = new ArrayList<>();
        all.add(SupportedFields.of("envoy.config.rbac.v3.RBAC").supported("action", "policies"));
        all.add(SupportedFields.of("envoy.config.rbac.v3.Policy")
                .supported("permissions", "principals")
                .refused(
                        "condition",
                        "there is no evaluator of CEL expressions; permissions and principals say what they can")
                .refused(
                        "checked_condition",
                        "there is no evaluator of CEL expressions; permissions and principals say what they can"));
        all.add(SupportedFields.of(RbacAction.MESSAGE).supported("name", "action"));
        all.addAll(Permissions.FIELDS);
        all.addAll(Principals.FIELDS);
        all.addAll(MatchTree.FIELDS);
        all.addAll(Input.FIELDS);
        return List.copyOf(all);
    }

    /**
     * A decision.
     *
     * @param policy the policy or action that decided, or null when none matched
     * @param logHint what {@code envoy.common:access_log_hint} is set to, or null when it is left alone
     */
    record Decision(
            boolean allowed,
            @Nullable String policy,
            @Nullable Boolean logHint) {}

    Decision decide(Facts facts);

    /**
     * The engine of {@code matcher}, else of {@code rules}, else null.
     *
     * @param http whether requests are decided on, rather than connections
     */
    static @Nullable RbacEngine from(@Nullable ConfigNode rules, @Nullable ConfigNode matcher, boolean http) {
        if (matcher != null) {
            return ofMatcher(matcher, http);
        }
        return rules == null ? null : ofPolicies(rules);
    }

    private static RbacEngine ofPolicies(ConfigNode node) {
        String action = node.enumName("action");
        // In the order of their names, as in Envoy: the first that matches is the one that is told.
        Map<String, Rule> policies = new TreeMap<>();
        node.messageMap("policies")
                .forEach((name, policy) -> policies.put(
                        name,
                        Rule.all(List.of(
                                Rule.any(Rule.list(policy.messages("permissions"), Permissions::from)),
                                Rule.any(Rule.list(policy.messages("principals"), Principals::from))))));
        String[] names = policies.keySet().toArray(new String[0]);
        Rule[] rules = policies.values().toArray(new Rule[0]);
        return facts -> {
            String policy = null;
            for (int i = 0; i < rules.length && policy == null; i++) {
                policy = rules[i].matches(facts) ? names[i] : null;
            }
            boolean matched = policy != null;
            return switch (action) {
                case "DENY" -> new Decision(!matched, policy, null);
                case "LOG" -> new Decision(true, policy, matched);
                default -> new Decision(matched, policy, null);
            };
        };
    }

    private static RbacEngine ofMatcher(ConfigNode node, boolean http) {
        String refusal = "requirement violation while creating RBAC match tree: INVALID_ARGUMENT: RBAC "
                + (http ? "HTTP filter cannot match on" : "network filter cannot match");
        boolean[] logs = {false};
        MatchTree<RbacAction> tree = MatchTree.from(node, n -> Input.from(n, http, refusal), n -> {
            RbacAction action = RbacAction.from(n);
            logs[0] |= action.kind().equals("LOG");
            return action;
        });
        boolean hasLog = logs[0];
        return facts -> {
            RbacAction action = tree.find(facts);
            if (action == null) {
                return new Decision(false, null, null);
            }
            return new Decision(
                    !action.kind().equals("DENY"),
                    action.name(),
                    hasLog ? action.kind().equals("LOG") : null);
        };
    }

    /** A leaf of a tree. */
    record RbacAction(String name, String kind) {
        static final String MESSAGE = "envoy.config.rbac.v3.Action";

        static RbacAction from(ConfigNode extension) {
            ConfigNode config = extension.required("typed_config");
            if (!config.messageName().equals(MESSAGE)) {
                throw new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                        + "' with type URL: '" + config.messageName() + "'");
            }
            return new RbacAction(config.string("name"), config.enumName("action"));
        }
    }
}
