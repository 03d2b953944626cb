package dev.mishap.proxy.filter.http.ratelimit;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The stats {@code cluster.<name>.ratelimit.*} of the clusters that requests are for, made when they first count. */
final class RateLimitStats {
    private final String prefix;
    private final ConcurrentMap<String, OfCluster> known = new ConcurrentHashMap<>();

    /** The counters go with their cluster: one that replaced it has others. */
    private record OfCluster(Scope owner, Counter counter) {}

    RateLimitStats(String statPrefix) {
        prefix = "ratelimit." + (statPrefix.isEmpty() ? "" : statPrefix + ".");
    }

    void ok(Cluster cluster) {
        count(cluster, "ok");
    }

    void overLimit(Cluster cluster, int status) {
        count(cluster, "over_limit");
        cluster.stats().all.count(status);
        cluster.stats().internal.count(status);
    }

    void error(Cluster cluster, boolean allowed) {
        count(cluster, "error");
        if (allowed) {
            count(cluster, "failure_mode_allowed");
        }
    }

    private void count(Cluster cluster, String name) {
        Scope owner = cluster.stats().scope;
        String key = cluster.name() + "." + name;
        OfCluster counted = known.get(key);
        if (counted == null || counted.owner() != owner) {
            counted = new OfCluster(owner, owner.counter(prefix + name));
            known.put(key, counted);
        }
        counted.counter().inc();
    }
}
