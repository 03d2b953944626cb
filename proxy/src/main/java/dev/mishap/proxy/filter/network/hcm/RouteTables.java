package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.route.RouteContext;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.Lifecycle;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * The route tables of the process that are discovered. Connection managers that name the same table of the same source share
 * it, so that a listener that is replaced has its routes at once. Confined to the main loop, but for {@link #views}.
 */
public final class RouteTables {
    private final ConfigSources sources;
    private final ScheduledExecutorService main;
    private final List<Shared> all = new CopyOnWriteArrayList<>();

    private record Shared(String name, ConfigNode source, RdsRoutes routes) {}

    /** A table as the admin server shows it. */
    public record View(ConfigNode config, String version, Instant updated) {}

    private final List<ScopedRoutes> scoped = new CopyOnWriteArrayList<>();

    /** The scopes of one connection manager as the admin server shows them, in the order of their names. */
    public record Scopes(String name, boolean discovered, String version, Instant updated, List<ConfigNode> configs) {}

    /** @param main the main loop */
    public RouteTables(ConfigSources sources, ScheduledExecutorService main) {
        this.main = main;
        this.sources = sources;
    }

    /**
     * The table of that name, for as long as its user lives; the user waits for it.
     *
     * @param source {@code envoy.config.core.v3.ConfigSource}
     */
    RdsRoutes get(String name, ConfigNode source, Scope scope, RouteContext context, Lifecycle life) {
        Shared shared = find(name, source);
        if (shared == null) {
            shared = new Shared(
                    name,
                    source,
                    new RdsRoutes(name, source, scope, new RdsRoutes.Environment(sources, main), context));
            all.add(shared);
        }
        Shared used = shared;
        RdsRoutes routes = used.routes();
        routes.users++;
        life.init().add(routes.target());
        life.onEnd(() -> {
            if (--routes.users == 0) {
                all.remove(used);
                routes.close();
            }
        });
        return routes;
    }

    private @Nullable Shared find(String name, ConfigNode source) {
        for (Shared s : all) {
            if (s.name().equals(name) && s.source().sameAs(source)) {
                return s;
            }
        }
        return null;
    }

    ScheduledExecutorService main() {
        return main;
    }

    /** Shows scopes for as long as their user lives. */
    void show(ScopedRoutes routes, Lifecycle life) {
        scoped.add(routes);
        life.onEnd(() -> scoped.remove(routes));
    }

    /** Scopes, for the admin server. */
    public List<Scopes> scopes() {
        return scoped.stream().map(ScopedRoutes::view).toList();
    }

    /** Those that are loaded, for the admin server. */
    public List<View> views() {
        List<View> views = new ArrayList<>();
        for (Shared s : all) {
            RdsRoutes.Loaded loaded = s.routes().loaded();
            if (loaded != null) {
                views.add(new View(loaded.config(), loaded.version(), loaded.updated()));
            }
        }
        return views;
    }
}
