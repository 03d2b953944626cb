package dev.mishap.proxy.cluster;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.InitTarget;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.ResourcesRefused;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The clusters that are discovered. Those that are refused leave the others of their response to be applied. */
public final class Cds implements ResourceWatcher {
    private static final Logger LOG = LoggerFactory.getLogger("upstream");

    private final ClusterManager clusters;
    private final Subscription subscription;
    private final InitTarget target;
    private final Counter reload;
    private final Gauge reloadTime;
    private volatile String version = "";

    /**
     * @param source {@code dynamic_resources.cds_config}
     * @param root scope without prefix
     */
    public Cds(ClusterManager clusters, ConfigNode source, ConfigSources sources, Scope root) {
        this.clusters = clusters;
        Scope scope = root.scope("cluster_manager.cds.");
        this.reload = scope.counter("config_reload");
        this.reloadTime = scope.gauge("config_reload_time_ms");
        this.subscription = sources.subscribe(source, ResourceType.CLUSTER, new SubscriptionStats(scope), this);
        this.target = new InitTarget("CDS", () -> {
            LOG.info("cm init: initializing cds");
            subscription.start(Set.of());
        });
    }

    /** Ready with the first answer; its clusters warm up then. */
    public InitTarget target() {
        return target;
    }

    /** Of the last response that was applied, if only in part. */
    public String version() {
        return version;
    }

    @Override
    public void onUpdate(List<Resource> resources, String newVersion) {
        Set<String> removed = new HashSet<>(clusters.dynamicNames());
        resources.forEach(r -> removed.remove(r.name()));
        onDelta(resources, List.copyOf(removed), newVersion);
    }

    @Override
    public void onDelta(List<Resource> added, List<String> removed, String newVersion) {
        LOG.info(
                "cds: response indicates {} added/updated cluster(s), {} removed cluster(s); applying changes",
                added.size(),
                removed.size());
        Map<String, String> errors = new LinkedHashMap<>();
        Set<String> names = new HashSet<>();
        int changed = 0;
        int skipped = 0;
        for (Resource resource : added) {
            String name = resource.name();
            try {
                if (!names.add(name)) {
                    throw new ConfigException("duplicate cluster " + name + " found");
                }
                if (clusters.addOrUpdate(resource.config(), newVersion)) {
                    LOG.debug("cds: add/update cluster '{}'", name);
                    changed++;
                } else {
                    LOG.debug("cds: add/update cluster '{}' skipped", name);
                    skipped++;
                }
            } catch (ConfigException e) {
                LOG.warn("cds: cluster '{}' config rejected: {}", name, e.getMessage());
                errors.put(name, e.getMessage());
            }
        }
        int gone = 0;
        for (String name : removed) {
            if (clusters.remove(name)) {
                gone++;
            }
        }
        LOG.info(
                "cds: added/updated {} cluster(s) (skipped {} unmodified cluster(s)); removed {} cluster(s)",
                changed,
                skipped,
                gone);
        if (changed + gone > 0) {
            version = newVersion;
        }
        target.ready();
        refuse(errors);
        if (changed + gone > 0) {
            reload.inc();
            reloadTime.set(System.currentTimeMillis());
        }
    }

    /**
     * Refuses those clusters of a response, if there are any.
     *
     * @param errors why, by name
     */
    static void refuse(Map<String, String> errors) {
        if (!errors.isEmpty()) {
            List<String> all = new ArrayList<>();
            errors.forEach((name, why) -> all.add(name + ": " + why));
            throw new ResourcesRefused("Error adding/updating cluster(s) " + String.join(", ", all), errors);
        }
    }

    @Override
    public void onFailure() {
        target.ready();
    }

    public void close() {
        subscription.close();
    }
}
