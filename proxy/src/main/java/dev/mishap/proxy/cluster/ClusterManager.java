package dev.mishap.proxy.cluster;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.dns.Resolver;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** All clusters by name. The map is immutable and replaced as a whole; a request keeps the cluster that it got. */
public final class ClusterManager implements AutoCloseable {
    private final List<DnsRefresh> refreshes = new ArrayList<>();
    private volatile Map<String, Cluster> clusters = Map.of();
    private volatile @Nullable Resolver resolver;

    /**
     * Makes the clusters of the bootstrap.
     *
     * @param nodes {@code static_resources.clusters}
     * @param root scope without prefix
     * @throws ConfigException when one can't be accepted
     */
    public static ClusterManager of(List<ConfigNode> nodes, Scope root) {
        List<ClusterConfig> configs = new ArrayList<>();
        for (ConfigNode node : nodes) {
            configs.add(ClusterTranslator.from(node));
        }
        return new ClusterManager(configs, root);
    }

    public ClusterManager(List<ClusterConfig> configs, Scope root) {
        Scope scope = root.scope("cluster_manager.");
        Counter added = scope.counter("cluster_added");
        for (String name : List.of(
                "cluster_modified",
                "cluster_removed",
                "cluster_updated",
                "cluster_updated_via_merge",
                "update_merge_cancelled",
                "update_out_of_merge_window")) {
            scope.counter(name);
        }
        Gauge active = scope.gauge("active_clusters");
        scope.gauge("warming_clusters");
        Map<String, Cluster> all = new LinkedHashMap<>();
        for (ClusterConfig config : configs) {
            if (all.containsKey(config.name())) {
                throw new ConfigException("cluster manager: duplicate cluster '" + config.name() + "'");
            }
            all.put(config.name(), new Cluster(config, root));
            added.inc();
            active.inc();
        }
        clusters = all;
    }

    /** The cluster of that name, or null. */
    public @Nullable Cluster get(String name) {
        return clusters.get(name);
    }

    /** All clusters in the order of the configuration. */
    public Collection<Cluster> all() {
        return clusters.values();
    }

    /**
     * Starts to resolve names and calls {@code ready} on {@code loop} when each cluster has had its first answer. The resolver
     * is made only when a cluster needs one. Called once.
     */
    public void start(EventLoop loop, Function<EventLoop, Resolver> resolvers, Runnable ready) {
        List<Cluster> named = new ArrayList<>();
        for (Cluster c : clusters.values()) {
            if (c.config().dns() != null) {
                named.add(c);
            }
        }
        if (named.isEmpty()) {
            loop.execute(ready);
            return;
        }
        Resolver r = resolvers.apply(loop);
        resolver = r;
        AtomicInteger left = new AtomicInteger(named.size());
        loop.execute(() -> {
            for (Cluster c : named) {
                DnsRefresh refresh = new DnsRefresh(c, r, loop, () -> {
                    if (left.decrementAndGet() == 0) {
                        ready.run();
                    }
                });
                refreshes.add(refresh);
                refresh.start();
            }
        });
    }

    /** Ends the resolution of names. */
    @Override
    public void close() {
        Resolver r = resolver;
        if (r != null) {
            refreshes.forEach(DnsRefresh::stop);
            r.close();
        }
    }
}
