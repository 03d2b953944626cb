package dev.mishap.proxy.rules;

import dev.mishap.proxy.rules.Leases.Lease;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.InstalledRule;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A rule of the store, and what belongs to it.
 *
 * @param own given by whoever started the process, so that it needs no end
 */
record StoredRule(InstalledRule installed, @Nullable Lease lease, RuleCounts counts, RuleTag tag, boolean own) {
    FaultRule rule() {
        return installed.rule();
    }

    boolean hasEnd() {
        return lease != null || rule().ttl() != null;
    }

    /** When it ends, on the proxy's clock: by its ttl or its lease, whichever is first. Only for one that {@link #hasEnd}. */
    long endNanos() {
        Duration ttl = rule().ttl();
        if (ttl == null) {
            assert lease != null;
            return lease.endNanos();
        }
        long end = installed.installedNanos() + ttl.toNanos();
        return lease != null && lease.endNanos() - end < 0 ? lease.endNanos() : end;
    }

    boolean isOver(long now) {
        return hasEnd() && endNanos() - now <= 0;
    }
}
