package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Consistent hashing with bounded loads: an endpoint that has more than {@code hash_balance_factor} % of its share of the
 * requests on their way is passed over, for others in an order that the hash determines.
 */
final class BoundedTable implements HashTable {
    private final HashTable table;
    private final HostWeights hosts;
    private final Map<Endpoint, Double> weights = new IdentityHashMap<>();
    private final int factor;
    private final Cluster cluster;

    BoundedTable(HashTable table, HostWeights hosts, int factor, Cluster cluster) {
        this.table = table;
        this.hosts = hosts;
        this.factor = factor;
        this.cluster = cluster;
        for (int i = 0; i < hosts.endpoints.size(); i++) {
            weights.put(hosts.endpoints.get(i), hosts.weights.get(i));
        }
    }

    private double overload(Endpoint e, double weight) {
        long all = Math.max(0, cluster.stats().rqActive.value());
        long total = ((all + 1) * factor + 99) / 100;
        long slots = Math.max((long) Math.ceil(total * weight), 1);
        return (double) e.rqActive.get() / slots;
    }

    @Override
    public @Nullable Endpoint pick(long hash, int attempt) {
        Endpoint first = table.pick(hash, attempt);
        if (first == null) {
            return null;
        }
        double least = overload(first, weights.getOrDefault(first, 1.0));
        if (least <= 1) {
            return first;
        }
        // A random walk that is the same for the same hash.
        int n = hosts.endpoints.size();
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        MersenneTwister random = new MersenneTwister((int) hash);
        Endpoint best = first;
        for (int i = 0; i < n; i++) {
            int j = i + random.below(n - i);
            int k = order[j];
            order[j] = order[i];
            Endpoint other = hosts.endpoints.get(k);
            if (other == first) {
                continue;
            }
            double overload = overload(other, hosts.weights.get(k));
            if (overload <= 1) {
                return other;
            }
            if (overload < least) {
                best = other;
                least = overload;
            }
        }
        return best;
    }
}
