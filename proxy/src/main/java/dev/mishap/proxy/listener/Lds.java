package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.InitTarget;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.ResourcesRefused;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The listeners that are discovered. Those that are refused leave the others of their response to be applied. */
public final class Lds implements ResourceWatcher {
    private static final Logger LOG = LoggerFactory.getLogger("upstream");

    private final ListenerManager listeners;
    private final Subscription subscription;
    private final InitTarget target;
    private volatile String version = "";

    /**
     * @param source {@code dynamic_resources.lds_config}
     * @param root scope without prefix
     */
    public Lds(ListenerManager listeners, ConfigNode source, ConfigSources sources, Scope root) {
        this.listeners = listeners;
        SubscriptionStats stats = new SubscriptionStats(root.scope("listener_manager.lds."));
        this.subscription = sources.subscribe(source, ResourceType.LISTENER, stats, this);
        this.target = new InitTarget("LDS", () -> subscription.start(Set.of()));
    }

    /** Ready with the first answer. */
    public InitTarget target() {
        return target;
    }

    /** Of the last response that was applied, if only in part. */
    public String version() {
        return version;
    }

    @Override
    public void onUpdate(List<Resource> resources, String newVersion) {
        Set<String> removed = new HashSet<>(listeners.dynamicNames());
        resources.forEach(r -> removed.remove(r.name()));
        onDelta(resources, List.copyOf(removed), newVersion);
    }

    @Override
    public void onDelta(List<Resource> added, List<String> removed, String newVersion) {
        listeners.beginUpdate();
        boolean applied = false;
        for (String name : removed) {
            if (listeners.remove(name)) {
                applied = true;
                LOG.info("lds: remove listener '{}'", name);
            }
        }
        StringBuilder errors = new StringBuilder();
        Set<String> names = new HashSet<>();
        Map<String, String> refused = new HashMap<>();
        for (Resource resource : added) {
            String name = resource.name();
            try {
                if (!names.add(name)) {
                    throw new ConfigException("duplicate listener " + name + " found");
                }
                if (listeners.addOrUpdate(resource, newVersion)) {
                    applied = true;
                    LOG.info("lds: add/update listener '{}'", name);
                } else {
                    LOG.debug("lds: add/update listener '{}' skipped", name);
                }
            } catch (ConfigException e) {
                refused.put(name, e.getMessage());
                errors.append(name).append(": ").append(e.getMessage()).append('\n');
            }
        }
        if (applied) {
            version = newVersion;
        }
        target.ready();
        if (!refused.isEmpty()) {
            throw new ResourcesRefused("Error adding/updating listener(s) " + errors, refused);
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
