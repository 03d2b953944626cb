package dev.mishap.control.api;

import org.jspecify.annotations.Nullable;

/** What the operations of all protocols are made of. @param refused null = who is refused is recorded nowhere */
record ApiParts(
        RuleService rules,
        WatchHub hub,
        FleetListing fleet,
        TokenService tokens,
        RunService runs,
        AuditTrail audit,
        @Nullable RefusedCalls refused) {}
