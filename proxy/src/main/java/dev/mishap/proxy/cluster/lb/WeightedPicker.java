package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Picks by a schedule where weights differ or somebody starts slowly; else as the subclass does among equals. */
abstract class WeightedPicker implements EndpointPicker {
    final LongSupplier random;
    final SlowStart slowStart;
    List<Endpoint> endpoints = List.of();
    private @Nullable EdfSchedule schedule;

    WeightedPicker(LongSupplier random, SlowStart slowStart) {
        this.random = random;
        this.slowStart = slowStart;
    }

    @Override
    public final void update(List<Endpoint> next) {
        endpoints = next;
        slowStart.enter(next);
        schedule = null;
        if (next.size() > 1 && (differ(next) || slowStart.active())) {
            int[] all = new int[next.size()];
            for (int i = 0; i < all.length; i++) {
                all[i] = i;
            }
            schedule = new EdfSchedule(
                    all, i -> weight(next.get(i)), Long.remainderUnsigned(random.getAsLong(), all.length));
        }
    }

    private static boolean differ(List<Endpoint> endpoints) {
        int weight = endpoints.get(0).weight();
        for (Endpoint e : endpoints) {
            if (e.weight() != weight) {
                return true;
            }
        }
        return false;
    }

    @Override
    public final Endpoint pick() {
        EdfSchedule s = schedule;
        return s == null ? pickEqual() : endpoints.get(s.next());
    }

    /** The weight of now, &gt; 0. */
    abstract double weight(Endpoint e);

    abstract Endpoint pickEqual();

    final Endpoint draw() {
        return endpoints.get((int) Long.remainderUnsigned(random.getAsLong(), endpoints.size()));
    }
}
