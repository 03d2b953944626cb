package dev.mishap.proxy.observe.stats;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A scope of something that may go: a cluster, a listener, a subscription. The stats that were asked for through it or a scope
 * below it are forgotten when it is closed, but for those that another scope has, too: a cluster that replaced one of the same
 * name counts on. After that it gives stats that nobody sees.
 */
public final class OwnedScope implements Scope, AutoCloseable {
    private final Holder holder;
    private final String prefix;

    OwnedScope(StatsStore store, String prefix) {
        this(new Holder(store), prefix);
    }

    private OwnedScope(Holder holder, String prefix) {
        this.holder = holder;
        this.prefix = prefix;
    }

    private static final class Holder {
        final StatsStore store;
        final Set<String> names = ConcurrentHashMap.newKeySet();
        volatile boolean closed;

        Holder(StatsStore store) {
            this.store = store;
        }

        void hold(String name) {
            if (!closed && names.add(name)) {
                store.hold(name);
                if (closed) {
                    release(name); // closed meanwhile, perhaps before the name was there
                }
            }
        }

        void release(String name) {
            if (names.remove(name)) {
                store.release(name);
            }
        }
    }

    @Override
    public Counter counter(String name) {
        String full = StatsStore.sanitize(prefix + name);
        holder.hold(full);
        return holder.closed ? new Counter(full) : holder.store.counterOf(full);
    }

    @Override
    public Gauge gauge(String name) {
        String full = StatsStore.sanitize(prefix + name);
        holder.hold(full);
        return holder.closed ? new Gauge(full) : holder.store.gaugeOf(full);
    }

    @Override
    public Histogram histogram(String name, Histogram.Unit unit) {
        String full = StatsStore.sanitize(prefix + name);
        holder.hold(full);
        return holder.closed ? new LogLinearHistogram(full, unit) : holder.store.histogramOf(full, unit);
    }

    @Override
    public Scope scope(String more) {
        return new OwnedScope(holder, prefix + more);
    }

    @Override
    public OwnedScope owned(String more) {
        return new OwnedScope(holder.store, prefix + more);
    }

    /** Forgets the stats that nobody else has. */
    @Override
    public void close() {
        holder.closed = true;
        holder.names.forEach(holder::release);
    }
}
