package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Earliest deadline first: an endpoint of weight w is due every 1/w, so that over time each is picked in proportion to its
 * weight and the picks are spread evenly. Ties go to the one added first.
 */
final class EdfSchedule {
    private final Endpoint[] heap;
    private final double[] deadline;
    private final long[] order;
    private long added;

    EdfSchedule(List<Endpoint> endpoints, ToDoubleFunction<Endpoint> weight) {
        int n = endpoints.size();
        heap = new Endpoint[n];
        deadline = new double[n];
        order = new long[n];
        for (int i = 0; i < n; i++) {
            heap[i] = endpoints.get(i);
            deadline[i] = 1 / weight.applyAsDouble(heap[i]);
            order[i] = added++;
        }
        for (int i = n / 2 - 1; i >= 0; i--) {
            siftDown(i);
        }
    }

    /** The endpoint that is due; it comes again after 1 / its weight of now. */
    Endpoint next(ToDoubleFunction<Endpoint> weight) {
        Endpoint first = heap[0];
        deadline[0] += 1 / weight.applyAsDouble(first);
        order[0] = added++;
        siftDown(0);
        return first;
    }

    private void siftDown(int i) {
        int n = heap.length;
        while (true) {
            int child = 2 * i + 1;
            if (child >= n) {
                return;
            }
            if (child + 1 < n && before(child + 1, child)) {
                child++;
            }
            if (!before(child, i)) {
                return;
            }
            swap(i, child);
            i = child;
        }
    }

    private boolean before(int a, int b) {
        return deadline[a] < deadline[b] || deadline[a] == deadline[b] && order[a] < order[b];
    }

    private void swap(int a, int b) {
        Endpoint e = heap[a];
        heap[a] = heap[b];
        heap[b] = e;
        double d = deadline[a];
        deadline[a] = deadline[b];
        deadline[b] = d;
        long o = order[a];
        order[a] = order[b];
        order[b] = o;
    }
}
