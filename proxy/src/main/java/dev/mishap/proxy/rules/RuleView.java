package dev.mishap.proxy.rules;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.RuleStatus;
import org.jspecify.annotations.Nullable;

/**
 * A rule with what it did.
 *
 * @param place of the configuration, or null
 * @param expiresInMillis 0 when it has ended, and -1 when it has no end
 */
record RuleView(
        FaultRule rule,
        Origin origin,
        @Nullable String place,
        boolean active,
        boolean killed,
        @Nullable String lease,
        long expiresInMillis,
        RuleStatus status,
        boolean dryRun) {
    /** Where a rule came from. */
    enum Origin {
        API,
        /** The command line or the rules file. */
        PROCESS,
        /** A filter, a route or a cluster. */
        CONFIGURATION
    }
}
