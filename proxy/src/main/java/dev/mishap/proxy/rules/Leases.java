package dev.mishap.proxy.rules;

import io.netty.util.concurrent.Ticker;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The leases that are alive, by id, on the proxy's clock. Confined to the store's lock. */
final class Leases {
    /** A lease that a change asks for. */
    record LeaseRequest(String id, long millis) {}

    /** Something that ends when nobody renews it. Two leases of one id, one after the other, are two. */
    static final class Lease {
        final String id;
        private long endNanos;

        private Lease(String id) {
            this.id = id;
        }

        long endNanos() {
            return endNanos;
        }
    }

    private final Ticker ticker;
    private final Map<String, Lease> alive = new HashMap<>();

    Leases(Ticker ticker) {
        this.ticker = ticker;
    }

    boolean has(String id) {
        return alive.containsKey(id);
    }

    /** Begins a lease or gives it more time, or less. */
    Lease renew(LeaseRequest asked) {
        Lease lease = alive.computeIfAbsent(asked.id(), Lease::new);
        lease.endNanos = ticker.nanoTime() + TimeUnit.MILLISECONDS.toNanos(asked.millis());
        return lease;
    }

    @Nullable
    Lease remove(String id) {
        return alive.remove(id);
    }

    /** Takes out those that have run out. */
    List<Lease> takeOver(long now) {
        List<Lease> over = new ArrayList<>();
        for (Iterator<Lease> i = alive.values().iterator(); i.hasNext(); ) {
            Lease lease = i.next();
            if (lease.endNanos - now <= 0) {
                i.remove();
                over.add(lease);
            }
        }
        return over;
    }

    /** Forgets those that nothing is bound to. */
    void retain(Collection<? extends @Nullable Lease> used) {
        alive.values().retainAll(used);
    }

    /** When the next one runs out, from {@code now} on; {@link Long#MAX_VALUE} = there is none. */
    long nextEnd(long now) {
        long next = Long.MAX_VALUE;
        for (Lease lease : alive.values()) {
            next = Math.min(next, lease.endNanos - now);
        }
        return next;
    }
}
