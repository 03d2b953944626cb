package dev.mishap.proxy.cluster.lb;

import java.util.function.IntToDoubleFunction;

/**
 * Earliest deadline first: an entry of weight w is due every 1/w, so that over time each is picked in proportion to its weight
 * and the picks are spread evenly. Ties go to the one added first. A pick is O(log n) and allocates nothing.
 */
final class EdfSchedule {
    private final int[] heap;
    private final double[] deadline;
    private final long[] order;
    private final IntToDoubleFunction weight;
    private long added;

    /**
     * @param entries the indices to schedule
     * @param weight of an index, &gt; 0; asked again at each pick
     * @param skip how many picks are thought to have happened, so that not every loop starts at the same place
     */
    EdfSchedule(int[] entries, IntToDoubleFunction weight, long skip) {
        this.weight = weight;
        int n = entries.length;
        heap = entries.clone();
        deadline = new double[n];
        order = new long[n];
        for (int i = 0; i < n; i++) {
            deadline[i] = 1 / weight.applyAsDouble(heap[i]);
            order[i] = added++;
        }
        for (int i = n / 2 - 1; i >= 0; i--) {
            siftDown(i);
        }
        for (long i = 0; i < skip; i++) {
            next();
        }
    }

    /** The index that is due; it comes again after 1 / its weight of now. */
    int next() {
        int first = heap[0];
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
        int e = heap[a];
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
