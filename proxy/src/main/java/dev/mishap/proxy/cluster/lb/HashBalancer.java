package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.PickContext;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Picks by the hash of the request, out of tables that all loops share. A request without hash is hashed by chance. */
final class HashBalancer implements LoadBalancer {
    private final Cluster cluster;
    private final LongSupplier random;

    /** The tables of one set of endpoints, by priority. */
    static final class Tables {
        private final PriorityHealth health;
        private final HashTable[] byPriority;

        Tables(
                Cluster cluster,
                EndpointSet endpoints,
                boolean weighsLocalities,
                Function<HostWeights, HashTable> maker) {
            health = PriorityHealth.of(
                    endpoints, cluster.config().common(), cluster.context().runtime());
            List<HostSet> levels = endpoints.priorities();
            byPriority = new HashTable[levels.size()];
            for (int i = 0; i < byPriority.length; i++) {
                byPriority[i] = maker.apply(HostWeights.of(levels.get(i), health.panic(i), weighsLocalities));
            }
        }
    }

    HashBalancer(Cluster cluster, LongSupplier random) {
        this.cluster = cluster;
        this.random = random;
    }

    @Override
    public @Nullable Endpoint pick(EndpointSet endpoints, PickContext context) {
        if (!(endpoints.prepared() instanceof Tables tables)) {
            return null; // the first endpoints have not come
        }
        long hash = context.hasHash() ? context.hash() : random.getAsLong();
        // A retry's priorities have no say where a hash decides, as in Envoy.
        int chosen = tables.health.load().choose(hash);
        int priority = chosen < 0 ? ~chosen : chosen;
        if (tables.health.panic(priority)) {
            cluster.stats().lbHealthyPanic.inc();
        }
        HashTable table = tables.byPriority[priority];
        Endpoint e = null;
        for (int i = 0; i <= context.retries(); i++) {
            e = table.pick(hash, i);
            if (e == null || !context.rejects(e)) {
                break;
            }
        }
        return e;
    }
}
