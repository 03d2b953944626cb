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
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.route.RouteContext;
import dev.mishap.proxy.route.RouteTable;
import dev.mishap.proxy.route.RouteTableConfig;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.InitManager;
import dev.mishap.proxy.xds.InitTarget;
import dev.mishap.proxy.xds.Lifecycle;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Several route tables, of which headers of the request choose one: {@code HttpConnectionManager.scoped_routes}. The scopes are
 * listed in the configuration or discovered; so are their tables. Workers read one map that is replaced as a whole.
 */
final class ScopedRoutes implements RouteResolver, ResourceWatcher {
    private final ScopeKey key;
    private final Tables tables;
    private final Lifecycle life;
    private final Map<String, Active> scopes = new LinkedHashMap<>();
    private final @Nullable Counter reload;
    private final @Nullable Gauge allScopes;
    private final @Nullable Gauge onDemandScopes;
    private final @Nullable Gauge activeScopes;
    private @Nullable InitTarget target;
    private volatile Map<List<String>, RouteResolver> byKey = Map.of();
    private volatile RouteTables.Scopes view;

    /** Where the tables of scopes come from. */
    record Tables(RouteTables all, @Nullable ConfigNode source, Scope scope, RouteContext context) {}

    private record Active(ConfigNode config, List<String> key, RouteResolver routes, Lifecycle life) {}

    /**
     * @param node {@code ScopedRoutes}
     * @param context for tables in the configuration itself, which must name clusters that exist
     */
    ScopedRoutes(ConfigNode node, Scope scope, ConfigSources sources, Tables tables, Lifecycle life) {
        this.key = new ScopeKey(node.required("scope_key_builder"));
        this.tables = tables;
        this.life = life;
        this.view = new RouteTables.Scopes(node.string("name"), node.has("scoped_rds"), "", Instant.now(), List.of());
        tables.all().show(this, life);
        life.onEnd(() -> scopes.values().forEach(a -> a.life().end()));
        ConfigNode discovered = node.message("scoped_rds");
        if (discovered == null) {
            reload = null;
            allScopes = onDemandScopes = activeScopes = null;
            ConfigNode list = node.required("scoped_route_configurations_list");
            for (ConfigNode one : list.messages("scoped_route_configurations")) {
                put(one.string("name"), one);
            }
            publish("");
            return;
        }
        Scope own = scope.scope("scoped_rds." + node.string("name") + ".");
        reload = own.counter("config_reload");
        own.counter("update_empty");
        own.gauge("config_reload_time_ms");
        allScopes = own.gauge("all_scopes");
        onDemandScopes = own.gauge("on_demand_scopes");
        activeScopes = own.gauge("active_scopes");
        Subscription subscription = sources.subscribe(
                discovered.required("scoped_rds_config_source"),
                ResourceType.SCOPED_ROUTE,
                new SubscriptionStats(own),
                this);
        InitTarget first = new InitTarget("SRDS " + node.string("name"), () -> subscription.start(Set.of()));
        target = first;
        life.init().add(first);
        life.onEnd(subscription::close);
    }

    @Override
    public List<HeaderName> internalOnlyHeaders(HttpStream stream) {
        List<String> wanted = key.of(stream.requestHeaders());
        RouteResolver routes = wanted == null ? null : byKey.get(wanted);
        return routes == null ? List.of() : routes.internalOnlyHeaders(stream);
    }

    @Override
    public @Nullable SelectedRoute select(HttpStream stream) {
        List<String> wanted = key.of(stream.requestHeaders());
        RouteResolver routes = wanted == null ? null : byKey.get(wanted);
        return routes == null ? null : routes.select(stream);
    }

    @Override
    public @Nullable PendingRoute fetch(HttpStream stream, Runnable done) {
        List<String> wanted = key.of(stream.requestHeaders());
        RouteResolver routes = wanted == null ? null : byKey.get(wanted);
        return routes == null ? null : routes.fetch(stream, done);
    }

    private void put(String name, ConfigNode config) {
        Active before = scopes.get(name);
        if (before != null && before.config().sameAs(config)) {
            return;
        }
        List<String> own = new ArrayList<>();
        for (ConfigNode fragment : config.required("key").messages("fragments")) {
            own.add(fragment.string("string_key"));
        }
        for (Map.Entry<String, Active> other : scopes.entrySet()) {
            if (!other.getKey().equals(name) && other.getValue().key().equals(own)) {
                throw new ConfigException("scope key conflict found, first scope is '" + other.getKey()
                        + "', second scope is '" + name + "'");
            }
        }
        Lifecycle scopeLife = new Lifecycle(new InitManager("SRDS scope " + name));
        RouteResolver routes = routes(config, scopeLife);
        if (!(routes instanceof OnDemandScope)) {
            life.init().add(InitTarget.of("SRDS scope " + name, scopeLife.init()));
        }
        scopes.put(name, new Active(config, List.copyOf(own), routes, scopeLife));
        if (before != null) {
            before.life().end();
        }
    }

    private RouteResolver routes(ConfigNode config, Lifecycle scopeLife) {
        ConfigNode inline = config.message("route_configuration");
        if (inline != null) {
            RouteTable table = RouteTableConfig.from(inline, tables.context());
            table.enter();
            scopeLife.onEnd(table::leave);
            return table;
        }
        ConfigNode source = tables.source();
        if (source == null) {
            throw config.error("route_configuration_name", "needs an rds_config_source");
        }
        String table = config.string("route_configuration_name");
        if (config.bool("on_demand", false)) {
            return new OnDemandScope(
                    () -> {
                        RdsRoutes opened = tables.all().get(table, source, tables.scope(), tables.context(), scopeLife);
                        tables.all().main().execute(this::showCounts);
                        return opened;
                    },
                    scopeLife,
                    tables.all().main());
        }
        return tables.all().get(table, source, tables.scope(), tables.context(), scopeLife);
    }

    RouteTables.Scopes view() {
        return view;
    }

    private void publish(String version) {
        view = new RouteTables.Scopes(
                view.name(),
                view.discovered(),
                version,
                Instant.now(),
                scopes.values().stream().map(Active::config).toList());
        Map<List<String>, RouteResolver> next = new HashMap<>();
        scopes.values().forEach(a -> next.put(a.key(), a.routes()));
        byKey = next;
        showCounts();
    }

    private void showCounts() {
        Gauge all = allScopes;
        Gauge onDemand = onDemandScopes;
        Gauge active = activeScopes;
        if (all == null || onDemand == null || active == null) {
            return;
        }
        all.set(scopes.size());
        List<OnDemandScope> lazy = new ArrayList<>();
        for (Active scope : scopes.values()) {
            if (scope.routes() instanceof OnDemandScope each) {
                lazy.add(each);
            }
        }
        onDemand.set(lazy.size());
        active.set(scopes.size() - lazy.stream().filter(each -> !each.isOpen()).count());
    }

    @Override
    public void onUpdate(List<Resource> resources, String version) {
        List<String> removed = new ArrayList<>(scopes.keySet());
        resources.forEach(r -> removed.remove(r.name()));
        onDelta(resources, removed, version);
    }

    @Override
    public void onDelta(List<Resource> added, List<String> removed, String version) {
        for (String name : removed) {
            Active gone = scopes.remove(name);
            if (gone != null) {
                gone.life().end();
            }
        }
        StringBuilder errors = new StringBuilder();
        for (Resource resource : added) {
            try {
                put(resource.name(), resource.config());
            } catch (ConfigException e) {
                errors.append(errors.isEmpty() ? "" : "\n").append(e.getMessage());
            }
        }
        publish(version);
        Counter r = reload;
        if (r != null) {
            r.inc();
        }
        onFailure();
        if (!errors.isEmpty()) {
            throw new ConfigException("Error adding/updating scoped route(s): " + errors);
        }
    }

    @Override
    public void onFailure() {
        InitTarget t = target;
        if (t != null) {
            t.ready();
        }
    }
}
