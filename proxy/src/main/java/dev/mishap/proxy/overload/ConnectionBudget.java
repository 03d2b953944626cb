package dev.mishap.proxy.overload;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;

/**
 * How many downstream connections the process may have ({@code envoy.resource_monitors.global_downstream_max_connections}). It is
 * asked at each connection instead of being looked at from time to time.
 */
public final class ConnectionBudget {
    private final long max;
    private final Gauge pressure;
    private final Counter failedUpdates;

    ConnectionBudget(long max, Scope scope) {
        this.max = max;
        this.pressure = scope.gauge("pressure");
        this.failedUpdates = scope.counter("failed_updates");
    }

    /** Whether there is room for one more beside those that are open. */
    public boolean admits(long open) {
        boolean room = open < max;
        pressure.set(Math.min(100, 100 * (room ? open + 1 : open) / max));
        if (!room) {
            failedUpdates.inc();
        }
        return room;
    }
}
