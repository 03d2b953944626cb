package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.PendingRoute;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.xds.OnDemandNames;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The virtual hosts of one route table that are discovered apart from it: those that the server has for everybody, and those that requests ask
 * for, by the table's name, a slash and their host. Confined to the main loop, but for {@link #fetch}.
 */
final class Vhds implements ResourceWatcher, OnDemandNames.Owner {
    private final String table;
    private final ConfigNode source;
    private final RdsRoutes routes;
    private final Subscription subscription;
    private final OnDemandNames names;
    private final Counter reload;
    private Map<String, ConfigNode> hosts;
    private boolean started;

    /**
     * @param scope of the connection manager
     * @param before where the hosts came from until now
     */
    Vhds(RdsRoutes routes, ConfigNode source, Scope scope, RdsRoutes.Environment environment, @Nullable Vhds before) {
        this.routes = routes;
        this.table = routes.name();
        this.source = source;
        this.hosts = before == null ? Map.of() : before.hosts;
        Scope own = scope.scope("rds.vhds." + table + ".");
        this.reload = own.counter("config_reload");
        own.counter("update_empty");
        this.subscription =
                environment.sources().subscribe(source, ResourceType.VIRTUAL_HOST, new SubscriptionStats(own), this);
        if (!subscription.incremental()) {
            subscription.close();
            throw new ConfigException(
                    source.has("ads")
                            ? "vhds: ADS must use DELTA_GRPC api_type when used as VHDS config source."
                            : "vhds: only 'DELTA_GRPC' is supported as an api_type.");
        }
        this.names = new OnDemandNames(environment.main(), OnDemandNames.LIMIT, this);
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

    /** Asks for the virtual host of a request, on its loop; null when no server can be asked for such a host. */
    @Nullable
    PendingRoute fetch(HttpStream stream, Runnable done) {
        HeaderMap request = stream.requestHeaders();
        String host = request.get(HeaderName.AUTHORITY);
        if (host == null || !OnDemandNames.isPlain(host) || host.indexOf('/') >= 0) {
            return null;
        }
        return names.want(table + "/" + host.toLowerCase(Locale.ROOT), stream.loop(), 0, done)::cancel;
    }

    @Override
    public void ask(Set<String> wanted) {
        Set<String> all = new HashSet<>(wanted);
        all.add(table);
        subscription.names(all);
    }

    @Override
    public boolean isThere(String name) {
        return hosts.containsKey(name);
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
            routes.hostsChanged();
        } catch (ConfigException e) {
            hosts = before;
            throw e;
        }
        reload.inc();
    }

    @Override
    public void onAnswered(List<String> answered) {
        answered.forEach(name -> names.answered(name, true));
    }

    @Override
    public void onFailure() {
        routes.hostsUnknown();
    }

    void close() {
        names.close();
        subscription.close();
    }
}
