package dev.mishap.proxy.cluster;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.Lifecycle;
import dev.mishap.proxy.xds.OnDemandNames;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Clusters that are discovered when a request first names them (ODCDS). What asks the same source shares a subscription, which begins with the
 * first name. Confined to the main loop, but for {@link Source#want}.
 */
public final class OnDemandClusters {
    private static final Logger LOG = LoggerFactory.getLogger("upstream");

    private final ClusterManager clusters;
    private final ConfigSources sources;
    private final boolean ads;
    private final Scope root;
    private final ScheduledExecutorService main;
    private final List<Source> all = new ArrayList<>();
    /** Of all sources; there are none of these stats where nobody asks. */
    private @Nullable SubscriptionStats stats;

    /**
     * @param ads whether there is a server of ADS
     * @param root scope without prefix
     */
    public OnDemandClusters(
            ClusterManager clusters, ConfigSources sources, boolean ads, Scope root, ScheduledExecutorService main) {
        this.ads = ads;
        this.clusters = clusters;
        this.sources = sources;
        this.main = main;
        this.root = root;
        clusters.onChange(() -> all.forEach(Source::clustersChanged));
    }

    /**
     * A source of clusters, for as long as its user lives.
     *
     * @param source {@code envoy.config.core.v3.ConfigSource}
     * @throws ConfigException when there can be no such source, or it is not incremental
     */
    public Source source(ConfigNode source, Lifecycle life) {
        Source shared = null;
        for (Source s : all) {
            shared = s.config.sameAs(source) ? s : shared;
        }
        if (shared == null) {
            shared = new Source(source);
            all.add(shared);
        }
        Source used = shared;
        if (used.users.add(life)) {
            life.onEnd(() -> {
                used.users.remove(life);
                if (used.users.isEmpty()) {
                    all.remove(used);
                    used.close();
                }
            });
        }
        return used;
    }

    private SubscriptionStats stats() {
        SubscriptionStats s = stats;
        if (s == null) {
            s = new SubscriptionStats(root.scope("cluster_manager.odcds."));
            stats = s;
        }
        return s;
    }

    /** ADS where there is none. Envoy ends with the first request that asks it; here such requests wait in vain. */
    private static final class Unanswered implements Subscription {
        @Override
        public void start(Set<String> names) {
            LOG.warn("ADS must be configured to support an ADS config source: no clusters are found on demand");
        }

        @Override
        public void names(Set<String> names) {}

        @Override
        public boolean incremental() {
            return true;
        }

        @Override
        public void close() {}
    }

    /** A management server that is asked for clusters by their names. */
    public final class Source implements ResourceWatcher, OnDemandNames.Owner {
        private final ConfigNode config;
        private final Set<Lifecycle> users = new HashSet<>();
        private final Subscription subscription;
        private final OnDemandNames names;
        private boolean started;

        private Source(ConfigNode config) {
            this.config = config;
            this.subscription = !ads && "ads".equals(config.oneof("config_source_specifier"))
                    ? new Unanswered()
                    : sources.subscribe(config, ResourceType.CLUSTER, stats(), this);
            if (!subscription.incremental()) {
                subscription.close();
                throw config.error(
                        "config_source_specifier",
                        "clusters on demand need an incremental source: ADS or an api_config_source with api_type DELTA_GRPC");
            }
            this.names = new OnDemandNames(main, OnDemandNames.LIMIT, this);
        }

        /**
         * Asks for a cluster, on the loop of a request.
         *
         * @param done runs on {@code loop}, later than this returns: the cluster may be used, or there is none in time
         */
        public OnDemandNames.Waiter want(String name, Executor loop, long timeoutNanos, Runnable done) {
            return names.want(name, loop, timeoutNanos, done);
        }

        @Override
        public void ask(Set<String> wanted) {
            if (started) {
                subscription.names(wanted);
            } else {
                started = true;
                subscription.start(wanted);
            }
        }

        @Override
        public boolean isThere(String name) {
            return clusters.get(name) != null;
        }

        private void clustersChanged() {
            names.answered(this::isThere);
        }

        @Override
        public void onUpdate(List<Resource> resources, String version) {
            throw new ConfigException("ODCDS is incremental only");
        }

        @Override
        public void onDelta(List<Resource> added, List<String> removed, String version) {
            Map<String, String> refused = new LinkedHashMap<>();
            for (Resource resource : added) {
                try {
                    clusters.addOrUpdate(resource.config(), version, true);
                } catch (ConfigException e) {
                    refused.put(resource.name(), e.getMessage());
                }
            }
            for (String name : removed) {
                clusters.remove(name);
                names.answered(name, false);
            }
            Cds.refuse(refused);
        }

        @Override
        public void onFailure() {
            // Each request has a patience of its own.
        }

        @Override
        public void onRefused(String why) {
            names.answered(name -> !clusters.isWarming(name));
        }

        private void close() {
            names.close();
            subscription.close();
        }
    }
}
