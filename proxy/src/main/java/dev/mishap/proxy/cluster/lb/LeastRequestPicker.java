package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * With equal weights: of {@code choiceCount} endpoints drawn by chance, the one with the fewest requests on their way. With
 * different weights: in turn by weight / (requests on their way + 1).
 */
final class LeastRequestPicker implements EndpointPicker {
    private final int choiceCount;
    private final LongSupplier random;
    private @Nullable List<Endpoint> known;
    private @Nullable EdfSchedule weighted;

    LeastRequestPicker(int choiceCount, LongSupplier random) {
        this.choiceCount = choiceCount;
        this.random = random;
    }

    @Override
    public Endpoint pick(List<Endpoint> candidates) {
        if (known != candidates) {
            known = candidates;
            weighted =
                    RoundRobinPicker.differ(candidates) ? new EdfSchedule(candidates, LeastRequestPicker::load) : null;
        }
        if (weighted != null) {
            return weighted.next(LeastRequestPicker::load);
        }
        Endpoint best = draw(candidates);
        for (int i = 1; i < choiceCount; i++) {
            Endpoint other = draw(candidates);
            if (other.rqActive.get() < best.rqActive.get()) {
                best = other;
            }
        }
        return best;
    }

    private Endpoint draw(List<Endpoint> candidates) {
        return candidates.get((int) Long.remainderUnsigned(random.getAsLong(), candidates.size()));
    }

    private static double load(Endpoint e) {
        return e.weight() / (double) (e.rqActive.get() + 1);
    }
}
