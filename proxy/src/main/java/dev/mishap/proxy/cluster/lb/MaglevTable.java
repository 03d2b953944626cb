package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Maglev's table (the paper's listing 1, with weights): each endpoint in turn takes the next free place of its permutation. */
final class MaglevTable implements HashTable {
    private final Endpoint[] table;
    final long minPerHost;
    final long maxPerHost;

    MaglevTable(HostWeights hosts, MaglevPolicy policy) {
        int n = hosts.endpoints.size();
        int size =
                n == 1 ? 1 : (int) policy.tableSize(); // one endpoint needs no more, which Envoy's gauges tell as well
        table = new Endpoint[n == 0 ? 0 : size];
        if (n == 0) {
            minPerHost = 0;
            maxPerHost = 0;
            return;
        }
        // In the order of their keys, so that the order of an assignment does not matter.
        List<byte[]> keys = hosts.endpoints.stream()
                .map(e -> HostWeights.key(e, policy.byHostname()))
                .toList();
        Integer[] order = new Integer[n];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Arrays.compareUnsigned(keys.get(a), keys.get(b)));
        long[] offset = new long[n];
        long[] skip = new long[n];
        for (int i = 0; i < n; i++) {
            byte[] key = keys.get(order[i]);
            offset[i] = Long.remainderUnsigned(Hashes.xxHash64(key, key.length, 0), size);
            skip[i] = Long.remainderUnsigned(Hashes.xxHash64(key, key.length, 1), Math.max(1, size - 1L)) + 1;
        }
        long[] counts = fill(hosts, order, offset, skip);
        minPerHost = Arrays.stream(counts).min().orElse(0);
        maxPerHost = Arrays.stream(counts).max().orElse(0);
    }

    private long[] fill(HostWeights hosts, Integer[] order, long[] offset, long[] skip) {
        int size = table.length;
        int n = order.length;
        long[] place = offset.clone();
        double[] target = new double[n];
        long[] counts = new long[n];
        int used = 0;
        for (int round = 1; used < size; round++) {
            for (int i = 0; i < n && used < size; i++) {
                // The heaviest endpoint takes a place each round, one of a third of its weight each third round.
                if (round * hosts.weights.get(order[i]) < target[i]) {
                    continue;
                }
                target[i] += hosts.max;
                while (table[(int) place[i]] != null) {
                    place[i] = (place[i] + skip[i]) % size;
                }
                table[(int) place[i]] = hosts.endpoints.get(order[i]);
                place[i] = (place[i] + skip[i]) % size;
                counts[i]++;
                used++;
            }
        }
        return counts;
    }

    @Override
    public @Nullable Endpoint pick(long hash, int attempt) {
        if (table.length == 0) {
            return null;
        }
        // Another attempt is another hash, far away: ~0 - attempt + 1.
        long h = attempt > 0 ? hash ^ -(long) attempt : hash;
        return table[(int) Long.remainderUnsigned(h, table.length)];
    }
}
