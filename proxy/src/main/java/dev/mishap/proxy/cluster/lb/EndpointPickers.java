package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.LbPolicy;
import java.util.function.LongSupplier;

/** The pickers by policy. */
final class EndpointPickers {
    private EndpointPickers() {}

    static EndpointPicker of(LbPolicy policy, LongSupplier random) {
        return switch (policy.kind()) {
            case ROUND_ROBIN -> new RoundRobinPicker(random);
            case LEAST_REQUEST -> new LeastRequestPicker(policy.choiceCount(), random);
            case RANDOM ->
                candidates -> candidates.get((int) Long.remainderUnsigned(random.getAsLong(), candidates.size()));
        };
    }
}
