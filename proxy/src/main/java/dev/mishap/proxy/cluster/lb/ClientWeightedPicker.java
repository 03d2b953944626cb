package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** In turn, in proportion to the weights that endpoints tell; those that tell none have the median of the others. */
final class ClientWeightedPicker implements EndpointPicker {
    private final ClientWeightedPolicy policy;
    private final LongSupplier random;
    private final SlowStart slowStart;
    private final LongSupplier nanoTime;
    private List<Endpoint> endpoints = List.of();
    private double[] weights = {};
    private long lookedNanos;
    private @Nullable EdfSchedule schedule;

    ClientWeightedPicker(ClientWeightedPolicy policy, LongSupplier random, SlowStart slowStart, LongSupplier nanoTime) {
        this.policy = policy;
        this.random = random;
        this.slowStart = slowStart;
        this.nanoTime = nanoTime;
    }

    @Override
    public void update(List<Endpoint> next) {
        endpoints = next;
        slowStart.enter(next);
        weights = weights(nanoTime.getAsLong());
        schedule = null;
    }

    @Override
    public Endpoint pick() {
        long now = nanoTime.getAsLong();
        if (now - lookedNanos >= policy.updateNanos()) {
            double[] fresh = weights(now);
            if (!Arrays.equals(fresh, weights)) {
                weights = fresh;
                schedule = null;
            }
        }
        EdfSchedule s = schedule;
        if (s == null) {
            int[] all = new int[endpoints.size()];
            Arrays.setAll(all, i -> i);
            s = new EdfSchedule(
                    all,
                    i -> slowStart.apply(weights[i], endpoints.get(i)),
                    Long.remainderUnsigned(random.getAsLong(), all.length));
            schedule = s;
        }
        return endpoints.get(s.next());
    }

    private double[] weights(long now) {
        lookedNanos = now;
        double[] found = new double[endpoints.size()];
        double[] known = new double[found.length];
        int count = 0;
        for (int i = 0; i < found.length; i++) {
            found[i] = policy.weightOf(endpoints.get(i), now);
            if (found[i] > 0) {
                known[count++] = found[i];
            }
        }
        Arrays.sort(known, 0, count);
        double median = count == 0 ? 1 : (known[(count - 1) / 2] + known[count / 2]) / 2;
        for (int i = 0; i < found.length; i++) {
            found[i] = found[i] > 0 ? found[i] : median;
        }
        return found;
    }
}
