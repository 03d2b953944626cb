package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.function.LongSupplier;

/**
 * In turn; with different weights, in proportion to them. Each loop starts at a place of its own, by chance, so that the
 * workers of a fleet do not all send their first request to the same endpoint.
 */
final class RoundRobinPicker extends WeightedPicker {
    private int next;

    RoundRobinPicker(LongSupplier random, SlowStart slowStart) {
        super(random, slowStart);
        next = (int) (random.getAsLong() & 0x3fffffff);
    }

    @Override
    double weight(Endpoint e) {
        return slowStart.apply(e.weight(), e);
    }

    @Override
    Endpoint pickEqual() {
        int i = next;
        next = i + 1 & Integer.MAX_VALUE;
        return endpoints.get(i % endpoints.size());
    }
}
