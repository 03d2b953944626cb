package dev.mishap.proxy.filter.network.connectionlimit;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.network.NetworkFilter;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Closes a connection when its filter chain has as many as it may have, at once or after a delay. */
final class ConnectionLimit implements NetworkFilter {
    /**
     * What the connections of a filter chain share.
     *
     * @param delayNanos before a connection is closed; 0 = none
     */
    record Shared(
            AtomicLong open,
            long max,
            long delayNanos,
            Supplier<RuntimeSnapshot> runtime,
            String runtimeKey,
            boolean enabledByDefault,
            Counter limited,
            Gauge active) {
        static Shared from(ConfigNode node, NetworkFilterContext context) {
            Scope scope = context.root().scope("connection_limit." + node.string("stat_prefix") + ".");
            ConfigNode enabled = node.message("runtime_enabled");
            return new Shared(
                    new AtomicLong(),
                    node.integer("max_connections", Long.MAX_VALUE),
                    node.durationNanos("delay", 0),
                    context.runtime(),
                    enabled == null ? "" : enabled.string("runtime_key"),
                    enabled == null || enabled.bool("default_value", false),
                    scope.counter("limited_connections"),
                    scope.gauge("active_connections"));
        }

        boolean enabled() {
            return runtimeKey.isEmpty() ? enabledByDefault : runtime.get().bool(runtimeKey, enabledByDefault);
        }

        boolean enter() {
            if (open.getAndUpdate(n -> n < max ? n + 1 : n) >= max) {
                return false;
            }
            active.inc();
            return true;
        }

        void leave() {
            open.decrementAndGet();
            active.dec();
        }
    }

    private final Shared shared;
    private boolean entered;
    private @Nullable ScheduledFuture<?> delay;

    ConnectionLimit(Shared shared) {
        this.shared = shared;
    }

    @Override
    public Status onNewConnection(Connection connection) {
        if (!shared.enabled()) {
            return Status.DONE;
        }
        if (shared.enter()) {
            entered = true;
            return Status.DONE;
        }
        shared.limited().inc();
        if (shared.delayNanos() > 0) {
            delay = connection
                    .channel()
                    .eventLoop()
                    .schedule(
                            () -> connection.closeNow("over_connection_limit"),
                            shared.delayNanos(),
                            TimeUnit.NANOSECONDS);
        } else {
            connection.closeNow("over_connection_limit");
        }
        return Status.STOP;
    }

    @Override
    public Status onData(ByteBuf data, boolean end) {
        return Status.STOP; // only a connection that is to be closed gets here
    }

    @Override
    public void onClose() {
        if (entered) {
            entered = false;
            shared.leave();
        }
        if (delay != null) {
            delay.cancel(false);
        }
    }
}
