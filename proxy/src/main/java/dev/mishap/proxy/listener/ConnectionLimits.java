package dev.mishap.proxy.listener;

import dev.mishap.proxy.overload.ConnectionBudget;
import dev.mishap.proxy.overload.OverloadState;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * How many connections a listener and the process may have: runtime {@code envoy.resource_limits.listener.<name>.connection_limit}
 * and {@code overload.global_downstream_max_connections}. Connections are counted whether there is a limit or not, since one may
 * come.
 */
final class ConnectionLimits {
    private static final AtomicLong GLOBAL = new AtomicLong();

    private final String key;
    private final boolean ignoreGlobal;
    private final Supplier<RuntimeSnapshot> runtime;
    private final OverloadState overload;
    private final AtomicLong open = new AtomicLong();

    private ConnectionLimits(
            String key, boolean ignoreGlobal, Supplier<RuntimeSnapshot> runtime, OverloadState overload) {
        this.key = key;
        this.ignoreGlobal = ignoreGlobal;
        this.runtime = runtime;
        this.overload = overload;
    }

    static ConnectionLimits of(
            String listener, boolean ignoreGlobal, Supplier<RuntimeSnapshot> runtime, OverloadState overload) {
        return new ConnectionLimits(
                "envoy.resource_limits.listener." + listener + ".connection_limit", ignoreGlobal, runtime, overload);
    }

    /** Whether the listener is full. */
    boolean full() {
        return open.get() >= runtime.get().integer(key, Long.MAX_VALUE);
    }

    /** Whether the process is full: by the overload manager, or without its word by the runtime key. */
    boolean globallyFull() {
        if (ignoreGlobal) {
            return false;
        }
        ConnectionBudget budget = overload.connections();
        return budget != null
                ? !budget.admits(GLOBAL.get())
                : GLOBAL.get() >= runtime.get().integer("overload.global_downstream_max_connections", Long.MAX_VALUE);
    }

    void opened() {
        open.incrementAndGet();
        if (!ignoreGlobal) {
            GLOBAL.incrementAndGet();
        }
    }

    void closed() {
        open.decrementAndGet();
        if (!ignoreGlobal) {
            GLOBAL.decrementAndGet();
        }
    }
}
