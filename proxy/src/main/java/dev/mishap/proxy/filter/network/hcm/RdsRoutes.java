package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.PendingRoute;
import dev.mishap.proxy.http.RouteResolver;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.OwnedScope;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.route.RouteContext;
import dev.mishap.proxy.route.RouteTable;
import dev.mishap.proxy.route.RouteTableConfig;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.InitTarget;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A route table that is discovered. A request takes the table of the moment when its route is first asked for, by one volatile
 * read, and keeps what it found there.
 */
final class RdsRoutes implements RouteResolver, ResourceWatcher {
    private static final Logger LOG = LoggerFactory.getLogger("rds");

    private final String name;
    private final RouteContext context;
    private final Subscription subscription;
    private final InitTarget target;
    private final Counter updateEmpty;
    private final Counter reload;
    private final Gauge reloadTime;
    private final Environment environment;
    private final OwnedScope scope;
    private volatile @Nullable Loaded loaded;
    private volatile @Nullable Vhds vhds;
    int users;

    /**
     * What tables have of the process.
     *
     * @param main the main loop
     */
    record Environment(ConfigSources sources, ScheduledExecutorService main) {}

    /** A table with what it was made from. */
    record Loaded(RouteTable table, RouteTableConfig base, ConfigNode config, String version, Instant updated) {}

    /**
     * @param source {@code envoy.config.core.v3.ConfigSource}
     * @param scope of the connection manager that asks first, {@code http.<stat_prefix>.}
     */
    RdsRoutes(String name, ConfigNode source, Scope scope, Environment environment, RouteContext context) {
        this.name = name;
        this.context = context;
        this.environment = environment;
        // Those who ask later may stay longer than the first.
        this.scope = scope.owned("");
        Scope own = this.scope.scope("rds." + name + ".");
        this.updateEmpty = own.counter("update_empty");
        this.reload = own.counter("config_reload");
        this.reloadTime = own.gauge("config_reload_time_ms");
        this.subscription =
                environment.sources().subscribe(source, ResourceType.ROUTE, new SubscriptionStats(own), this);
        this.target = new InitTarget(
                "RdsRouteConfigSubscription RDS local-init-target " + name, () -> subscription.start(Set.of(name)));
    }

    InitTarget target() {
        return target;
    }

    String name() {
        return name;
    }

    @Nullable
    Loaded loaded() {
        return loaded;
    }

    @Override
    public List<HeaderName> internalOnlyHeaders(HttpStream stream) {
        Loaded now = loaded;
        return now == null ? List.of() : now.table().internalOnlyHeaders(stream);
    }

    @Override
    public @Nullable SelectedRoute select(HttpStream stream) {
        Loaded now = loaded;
        return now == null ? null : now.table().select(stream);
    }

    @Override
    public @Nullable PendingRoute fetch(HttpStream stream, Runnable done) {
        Vhds apart = vhds;
        return apart == null ? null : apart.fetch(stream, done);
    }

    @Override
    public void onUpdate(List<Resource> resources, String version) {
        if (resources.isEmpty()) {
            LOG.debug("Missing RouteConfiguration for {} in onConfigUpdate()", name);
            updateEmpty.inc();
            target.ready();
            return;
        }
        if (resources.size() != 1) {
            throw new ConfigException("Unexpected RDS resource length: " + resources.size());
        }
        Resource resource = resources.get(0);
        if (!resource.name().equals(name)) {
            throw rejected("Unexpected RDS configuration (expecting " + name + "): " + resource.name());
        }
        Loaded before = loaded;
        ConfigNode config = resource.config();
        Vhds apart = vhds;
        Vhds next = apart(config.message("vhds"), apart);
        if (before == null || !before.config().sameAs(config)) {
            try {
                load(new RouteTableConfig(config, context), config, version, next);
                if (next == null || next == apart) {
                    countReload(); // else it is when its other hosts are known
                }
            } catch (ConfigException e) {
                if (next != null && next != apart) {
                    next.close();
                }
                throw e;
            }
        }
        vhds = next;
        if (apart != null && apart != next) {
            apart.close();
        }
        if (next == null) {
            target.ready();
        } else if (next != apart) {
            next.start();
        }
    }

    /** Where virtual hosts come from besides the table: from where they did, from elsewhere, or from nowhere. */
    private @Nullable Vhds apart(@Nullable ConfigNode hosts, @Nullable Vhds now) {
        if (hosts == null) {
            return null;
        }
        ConfigNode source = hosts.required("config_source");
        if (now != null && now.source().sameAs(source)) {
            return now;
        }
        // What is known serves on until the other source has something else.
        return new Vhds(this, source, scope, environment, now);
    }

    private void load(RouteTableConfig base, ConfigNode config, String version, @Nullable Vhds apart) {
        RouteTable table;
        try {
            table = base.table(apart == null ? List.of() : apart.hosts());
        } catch (ConfigException e) {
            throw rejected(e.getMessage());
        }
        Loaded before = loaded;
        table.enter();
        loaded = new Loaded(table, base, config, version, Instant.now());
        if (before != null) {
            before.table().leave();
        }
        LOG.debug("rds: loading new configuration: config_name={}", name);
    }

    private void countReload() {
        reload.inc();
        reloadTime.set(System.currentTimeMillis());
    }

    /**
     * The virtual hosts that come apart are there, or others.
     *
     * @throws ConfigException when they can't be accepted
     */
    void hostsChanged() {
        Loaded base = loaded;
        if (base != null) {
            load(base.base(), base.config(), base.version(), vhds);
            countReload();
        }
        target.ready();
    }

    /** Nobody knows what virtual hosts there are. */
    void hostsUnknown() {
        countReload();
        target.ready();
    }

    private ConfigException rejected(String why) {
        LOG.warn("rds: route config '{}' rejected: {}", name, why);
        return new ConfigException(why);
    }

    @Override
    public void onDelta(List<Resource> added, List<String> removed, String version) {
        if (!removed.isEmpty()) {
            LOG.debug("Server sent a delta RDS update attempting to remove a resource (name: {}). Ignoring.", removed);
        }
        if (!added.isEmpty()) {
            onUpdate(added, added.get(0).version());
        } else {
            target.ready();
        }
    }

    @Override
    public void onFailure() {
        target.ready();
    }

    void close() {
        subscription.close();
        Vhds apart = vhds;
        if (apart != null) {
            apart.close();
        }
        scope.close();
        Loaded last = loaded;
        if (last != null) {
            last.table().leave();
        }
    }
}
