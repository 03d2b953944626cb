package dev.mishap.proxy.filter.common.rbac;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The stats of a filter: {@code allowed}, {@code denied}, and both of its shadow. */
public final class RbacStats {
    private final Counter allowed;
    private final Counter denied;
    private final Counter shadowAllowed;
    private final Counter shadowDenied;
    private final Scope rules;
    private final Scope shadow;
    /** Made when a policy first decides; the policies come from the configuration, so they are few. */
    private final ConcurrentMap<String, Counter> ofPolicies = new ConcurrentHashMap<>();

    /**
     * Stats below {@code scope}, which ends with {@code rbac.}.
     *
     * @param rulesPrefix of what is enforced, {@code ""} for none
     * @param shadowPrefix of the shadow, {@code ""} for none
     */
    public RbacStats(Scope scope, String rulesPrefix, String shadowPrefix) {
        rules = below(scope, rulesPrefix);
        shadow = below(scope, shadowPrefix);
        allowed = rules.counter("allowed");
        denied = rules.counter("denied");
        shadowAllowed = shadow.counter("shadow_allowed");
        shadowDenied = shadow.counter("shadow_denied");
    }

    private static Scope below(Scope scope, String prefix) {
        return prefix.isEmpty() ? scope : scope.scope(prefix.endsWith(".") ? prefix : prefix + ".");
    }

    /** Counts what is enforced. */
    public void count(RbacEngine.Decision decision, boolean perPolicy) {
        (decision.allowed() ? allowed : denied).inc();
        if (perPolicy && decision.policy() != null) {
            String name = "policy." + decision.policy() + (decision.allowed() ? ".allowed" : ".denied");
            ofPolicies.computeIfAbsent(name, rules::counter).inc();
        }
    }

    /** Counts what would be enforced. */
    public void countShadow(RbacEngine.Decision decision, boolean perPolicy) {
        (decision.allowed() ? shadowAllowed : shadowDenied).inc();
        if (perPolicy && decision.policy() != null) {
            String name = "policy." + decision.policy() + (decision.allowed() ? ".shadow_allowed" : ".shadow_denied");
            ofPolicies.computeIfAbsent(name, shadow::counter).inc();
        }
    }
}
