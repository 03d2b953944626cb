package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import java.util.function.LongSupplier;

/**
 * With equal weights: of {@code choice_count} endpoints drawn by chance (or of all, FULL_SCAN), the one with the fewest requests
 * on their way. With different weights: in turn by weight / (requests on their way + 1) ^ bias.
 */
final class LeastRequestPicker extends WeightedPicker {
    private final LeastRequestPolicy policy;
    private final Cluster cluster;

    LeastRequestPicker(LeastRequestPolicy policy, Cluster cluster, LongSupplier random, SlowStart slowStart) {
        super(random, slowStart);
        this.policy = policy;
        this.cluster = cluster;
    }

    @Override
    double weight(Endpoint e) {
        double bias = policy.activeRequestBias().of(cluster.context().runtime());
        double load = e.rqActive.get() + 1;
        // A negative bias would favour the busiest: Envoy takes it for 1.
        double weight = bias == 0 ? e.weight() : e.weight() / (bias == 1 || bias < 0 ? load : Math.pow(load, bias));
        return slowStart.apply(weight, e);
    }

    @Override
    Endpoint pickEqual() {
        return policy.fullScan() ? least() : leastOfSome();
    }

    private Endpoint leastOfSome() {
        Endpoint best = draw();
        for (int i = 1; i < policy.choiceCount(); i++) {
            Endpoint other = draw();
            if (other.rqActive.get() < best.rqActive.get()) {
                best = other;
            }
        }
        return best;
    }

    private Endpoint least() {
        Endpoint best = endpoints.get(0);
        long fewest = best.rqActive.get();
        int ties = 1;
        for (int i = 1; i < endpoints.size(); i++) {
            Endpoint other = endpoints.get(i);
            long active = other.rqActive.get();
            if (active < fewest) {
                best = other;
                fewest = active;
                ties = 1;
            } else if (active == fewest && Long.remainderUnsigned(random.getAsLong(), ++ties) == 0) {
                // The n-th tie wins with probability 1/n, which is fair to all of them.
                best = other;
            }
        }
        return best;
    }
}
