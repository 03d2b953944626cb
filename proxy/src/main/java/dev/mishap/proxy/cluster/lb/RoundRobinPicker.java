package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * In turn; with different weights, in proportion to them. Each loop starts at a place of its own, by chance, so that the
 * workers of a fleet do not all send their first request to the same endpoint.
 */
final class RoundRobinPicker implements EndpointPicker {
    private final LongSupplier random;
    private @Nullable List<Endpoint> known;
    private @Nullable EdfSchedule weighted;
    private int next;

    RoundRobinPicker(LongSupplier random) {
        this.random = random;
        next = (int) (random.getAsLong() & 0x3fffffff);
    }

    @Override
    public Endpoint pick(List<Endpoint> candidates) {
        if (known != candidates) {
            known = candidates;
            weighted = null;
            if (differ(candidates)) {
                weighted = new EdfSchedule(candidates, Endpoint::weight);
                long skip = Long.remainderUnsigned(random.getAsLong(), candidates.size());
                for (long i = 0; i < skip; i++) {
                    weighted.next(Endpoint::weight);
                }
            }
        }
        if (weighted != null) {
            return weighted.next(Endpoint::weight);
        }
        int i = next;
        next = i + 1 & Integer.MAX_VALUE;
        return candidates.get(i % candidates.size());
    }

    static boolean differ(List<Endpoint> endpoints) {
        int weight = endpoints.get(0).weight();
        for (Endpoint e : endpoints) {
            if (e.weight() != weight) {
                return true;
            }
        }
        return false;
    }
}
