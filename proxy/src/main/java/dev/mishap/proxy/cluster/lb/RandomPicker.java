package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.List;
import java.util.function.LongSupplier;

/** By chance; weights do not count. */
final class RandomPicker implements EndpointPicker {
    private final LongSupplier random;
    private List<Endpoint> endpoints = List.of();

    RandomPicker(LongSupplier random) {
        this.random = random;
    }

    @Override
    public void update(List<Endpoint> next) {
        endpoints = next;
    }

    @Override
    public Endpoint pick() {
        return endpoints.get((int) Long.remainderUnsigned(random.getAsLong(), endpoints.size()));
    }
}
