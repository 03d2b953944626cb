package dev.mishap.control.api;

import dev.mishap.control.audit.AuditEntry;
import dev.mishap.control.audit.AuditLog;
import dev.mishap.control.audit.AuditRecord;
import dev.mishap.control.security.Caller;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The audit log in the store. */
public final class StoreAudit implements AuditTrail {
    private final AuditLog log;
    private final InstantSource clock;

    public StoreAudit(AuditLog log, InstantSource clock) {
        this.log = log;
        this.clock = clock;
    }

    @Override
    public void record(
            Caller caller,
            String action,
            String target,
            @Nullable Map<String, Object> before,
            @Nullable Map<String, Object> after,
            @Nullable String note) {
        RuleService.await(() -> log.append(new AuditRecord(
                clock.instant(), caller.name(), caller.address(), action, target, before, after, note)));
    }

    @Override
    public Part list(long from, int limit) {
        AuditLog.Listing listing = RuleService.await(() -> log.list(from, limit));
        return new Part(listing.entries().stream().map(AuditEntry::line).toList(), listing.next());
    }
}
