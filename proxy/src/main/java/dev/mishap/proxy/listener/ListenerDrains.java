package dev.mishap.proxy.listener;

import dev.mishap.proxy.listener.ListenerManager.Drain;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The listeners and filter chains that are in use no more, but whose connections are: for some time these are asked to end, then they are ended,
 * and what belongs to the listener or chain with them. Confined to the main loop.
 */
final class ListenerDrains {
    private final Supplier<EventLoop> mainLoop;
    private final Drain drain;
    private final Runnable changed;
    private final List<ManagedListener> draining = new ArrayList<>();
    private final Gauge listeners;
    private final Gauge chains;

    /**
     * @param scope of the listener manager
     * @param changed told when a listener has drained
     */
    ListenerDrains(Supplier<EventLoop> mainLoop, Drain drain, Scope scope, Runnable changed) {
        this.mainLoop = mainLoop;
        this.drain = drain;
        this.changed = changed;
        listeners = scope.gauge("total_listeners_draining");
        chains = scope.gauge("total_filter_chains_draining");
    }

    /** The listeners that drain, the oldest first. */
    List<ManagedListener> now() {
        return draining;
    }

    /** Drains a listener that takes no more connections. */
    void drain(ManagedListener listener) {
        draining.add(listener);
        listeners.set(draining.size());
        listener.chains().forEach(this::drain);
        later(() -> {
            listener.listener.closeConnections();
            listener.life.end();
            listener.chains().forEach(ListenerDrains::end);
            draining.remove(listener);
            listeners.set(draining.size());
            changed.run();
        });
    }

    /** Drains the filter chains that an update in place did not leave. */
    void drainGone(ManagedListener before, ManagedListener after) {
        Set<FilterChain> gone = before.chains();
        gone.removeAll(after.chains());
        chains.add(gone.size());
        gone.forEach(this::drain);
        later(() -> {
            after.listener.closeConnections(gone);
            gone.forEach(ListenerDrains::end);
            before.life.end();
            chains.add(-gone.size());
        });
    }

    private void later(Runnable drained) {
        mainLoop.get().schedule(drained, drain.nanos(), TimeUnit.NANOSECONDS);
    }

    private void drain(FilterChain chain) {
        ChainLife life = chain.life();
        if (life == null) {
            return;
        }
        if (drain.immediate()) {
            life.drain().draining(true);
        } else {
            life.drain().drainGradually(drain.nanos());
        }
    }

    private static void end(FilterChain chain) {
        ChainLife life = chain.life();
        if (life != null) {
            life.life().end();
        }
    }
}
