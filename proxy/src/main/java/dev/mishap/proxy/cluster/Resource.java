package dev.mishap.proxy.cluster;

import dev.mishap.proxy.observe.stats.Gauge;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A number that a circuit breaker limits, counted over all loops. Free of locks; the limit may be passed by a race of loops. */
public final class Resource {
    private final AtomicLong used = new AtomicLong();
    private final long max;
    private final Gauge open;
    private final @Nullable Gauge remaining;

    Resource(long max, Gauge open, @Nullable Gauge remaining) {
        this.max = max;
        this.open = open;
        this.remaining = remaining;
        if (remaining != null) {
            remaining.add(max);
        }
    }

    /** Whether one more fits. */
    public boolean canCreate() {
        return used.get() < max;
    }

    public void inc() {
        long now = used.incrementAndGet();
        open.touch();
        // The gauge is told of crossings only, so that adds from several loops cannot leave it wrong.
        if (now == max) {
            open.inc();
        }
        if (remaining != null && now <= max) {
            remaining.dec();
        }
    }

    public void dec() {
        long now = used.decrementAndGet();
        if (now == max - 1) {
            open.dec();
        }
        if (remaining != null && now < max) {
            remaining.inc();
        }
    }

    public long used() {
        return used.get();
    }

    public long max() {
        return max;
    }
}
