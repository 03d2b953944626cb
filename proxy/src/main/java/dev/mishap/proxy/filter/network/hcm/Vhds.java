package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The virtual hosts of one route table that are discovered apart from it. */
final class Vhds implements ResourceWatcher {
    private final String table;
    private final ConfigNode source;
    private final Runnable changed;
    private final Subscription subscription;
    private final Counter reload;
    private Map<String, ConfigNode> hosts = new LinkedHashMap<>();
    private boolean started;

    /** @param changed runs after each answer; what it throws refuses the answer */
    Vhds(String table, ConfigNode source, Scope scope, ConfigSources sources, Runnable changed) {
        this.table = table;
        this.source = source;
        this.changed = changed;
        Scope own = scope.scope("vhds." + table + ".");
        this.reload = own.counter("config_reload");
        own.counter("update_empty");
        this.subscription = sources.subscribe(source, ResourceType.VIRTUAL_HOST, new SubscriptionStats(own), this);
    }

    ConfigNode source() {
        return source;
    }

    List<ConfigNode> hosts() {
        return List.copyOf(hosts.values());
    }

    void start() {
        if (!started) {
            started = true;
            subscription.start(Set.of(table));
        }
    }

    @Override
    public void onUpdate(List<Resource> resources, String version) {
        throw new ConfigException("VHDS is incremental only");
    }

    @Override
    public void onDelta(List<Resource> added, List<String> removed, String version) {
        Map<String, ConfigNode> before = hosts;
        Map<String, ConfigNode> next = new LinkedHashMap<>(before);
        removed.forEach(next::remove);
        for (Resource resource : added) {
            next.put(resource.name(), resource.config());
        }
        hosts = next;
        try {
            changed.run();
        } catch (ConfigException e) {
            hosts = before;
            throw e;
        }
        reload.inc();
    }

    @Override
    public void onFailure() {
        changed.run();
    }

    void close() {
        subscription.close();
    }
}
