package dev.mishap.proxy.rules;

import dev.mishap.proxy.rules.Leases.Lease;
import dev.mishap.proxy.rules.Leases.LeaseRequest;
import dev.mishap.rules.FaultRule;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Which rules may come into place: what this data plane can execute, and whose a name is that is taken already. */
public final class RuleAdmission {
    private static final int MAX_RULES = 10_000;

    private static final String OF_A_FLEET =
            "names nodes of a fleet, and a proxy takes rules for itself: leave it out, or give the rule to `mishap serve`";

    private final RuleViews views;

    RuleAdmission(RuleViews views) {
        this.views = views;
    }

    /** Why this data plane cannot execute a rule; null when it can. */
    public static @Nullable String beyond(FaultRule rule) {
        return rule.targets().isAll() ? null : OF_A_FLEET;
    }

    /**
     * Checks a rule that came by API.
     *
     * @param before what has its name now
     * @param rules how many there are
     * @throws RulesProblem when it may not come into place
     */
    void check(FaultRule rule, @Nullable LeaseRequest lease, @Nullable StoredRule before, int rules) {
        if (lease == null && rule.ttl() == null) {
            throw RulesProblem.bad("spec.ttl", "a rule without a lease needs a ttl");
        }
        String beyond = beyond(rule);
        if (beyond != null) {
            throw RulesProblem.bad("spec.targets", beyond);
        }
        if (before == null) {
            requireNotConfigured(rule.name());
            if (rules >= MAX_RULES) {
                throw new RulesProblem(429, "there are " + MAX_RULES + " rules already", List.of());
            }
            return;
        }
        if (before.own()) {
            throw RulesProblem.conflict(
                    "the name belongs to a rule that the process was started with",
                    "metadata.name",
                    "'" + rule.name() + "' was given on the command line or in the rules file");
        }
        if (!Objects.equals(before.rule().experimentId(), rule.experimentId())) {
            throw RulesProblem.conflict(
                    "the name belongs to another experiment",
                    "metadata.name",
                    "'" + rule.name() + "' belongs to " + RuleStore.experiment(before.rule()));
        }
        requireSameLease(rule.name(), before.lease(), lease);
    }

    /** What stands in the configuration is that one's to say, so that what is there and what acts do not differ. */
    void requireNotConfigured(String name) {
        List<String> where = views.placesOf(name);
        if (!where.isEmpty()) {
            throw RulesProblem.conflict(
                    "the rule stands in the configuration and is read-only here",
                    "metadata.name",
                    "'" + name + "' is in " + String.join(" and in ", where)
                            + ": change it there; the kill switch (POST /mishap/v1/kill) holds it back at once");
        }
    }

    static void requireSameLease(String name, @Nullable Lease has, @Nullable LeaseRequest asked) {
        if (has != null && (asked == null || !asked.id().equals(has.id))) {
            throw RulesProblem.conflict(
                    "the name is bound to another lease", "lease", "'" + name + "' is bound to a lease that is alive");
        }
    }
}
