package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;

/** The stats {@code mishap.*} of faults that rules cause, whichever rule it is. One object a process. */
public final class RulesFilterStats {
    final Counter abortsInjected;
    final Counter delaysInjected;
    final Counter resetsInjected;
    final Counter responseRateLimitsInjected;
    final Counter touched;
    final Counter baggageFull;
    final Counter dryRunTouched;
    final Gauge activeFaults;

    /** Stats in the process's scope. */
    public RulesFilterStats(Scope root) {
        Scope scope = root.scope("mishap.");
        abortsInjected = scope.counter("aborts_injected");
        delaysInjected = scope.counter("delays_injected");
        resetsInjected = scope.counter("resets_injected");
        responseRateLimitsInjected = scope.counter("response_rl_injected");
        touched = scope.counter("requests_touched");
        baggageFull = scope.counter("baggage_full");
        dryRunTouched = scope.counter("requests_would_touch");
        activeFaults = scope.gauge("active_faults");
    }
}
