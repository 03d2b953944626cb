package dev.mishap.proxy.cluster;

import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A number that a circuit breaker limits, counted over all loops. Free of locks; the limit may be passed by a race of loops. */
public final class Resource {
    private final AtomicLong used = new AtomicLong();
    private final AtomicBoolean isOpen = new AtomicBoolean();
    private final long configured;
    private final Supplier<RuntimeSnapshot> runtime;
    private final String key;
    private final Gauge open;
    private final @Nullable Gauge remaining;
    private volatile Limit limit;

    /** The limit under one snapshot of the runtime, looked up once. */
    private record Limit(RuntimeSnapshot of, long max) {}

    /** @param key of the runtime value that goes before {@code configured} */
    Resource(long configured, Supplier<RuntimeSnapshot> runtime, String key, Gauge open, @Nullable Gauge remaining) {
        this.configured = configured;
        this.runtime = runtime;
        this.key = key;
        this.open = open;
        this.remaining = remaining;
        this.limit = new Limit(RuntimeSnapshot.EMPTY, configured);
        if (remaining != null) {
            remaining.add(configured);
        }
    }

    /** Whether one more fits. */
    public boolean canCreate() {
        return used.get() < max();
    }

    public void inc() {
        long now = used.incrementAndGet();
        show(now);
        if (remaining != null && now <= configured) {
            remaining.dec();
        }
    }

    public void dec() {
        long now = used.decrementAndGet();
        show(now);
        if (remaining != null && now < configured) {
            remaining.inc();
        }
    }

    /** The gauge is told of crossings only, so that adds from several loops cannot leave it wrong. */
    private void show(long now) {
        open.touch();
        boolean full = now >= max();
        if (full != isOpen.get() && isOpen.compareAndSet(!full, full)) {
            open.add(full ? 1 : -1);
        }
    }

    public long used() {
        return used.get();
    }

    public long max() {
        RuntimeSnapshot now = runtime.get();
        Limit l = limit;
        if (l.of() != now) {
            l = new Limit(now, now.integer(key, configured));
            limit = l;
        }
        return l.max();
    }
}
