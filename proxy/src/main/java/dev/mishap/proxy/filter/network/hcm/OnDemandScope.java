package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.PendingRoute;
import dev.mishap.proxy.http.RouteResolver;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.xds.Lifecycle;
import dev.mishap.proxy.xds.OnDemandNames;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A scope whose route table is fetched with the first request for it: {@code ScopedRouteConfiguration.on_demand}. */
final class OnDemandScope implements RouteResolver, OnDemandNames.Owner {
    private static final String TABLE = "table";

    private final Supplier<RdsRoutes> open;
    private final Lifecycle life;
    private final OnDemandNames waiting;
    private volatile @Nullable RdsRoutes routes;

    /**
     * @param open subscribes to the table, on the main loop
     * @param life of the scope, which the table is part of
     */
    OnDemandScope(Supplier<RdsRoutes> open, Lifecycle life, ScheduledExecutorService main) {
        this.open = open;
        this.life = life;
        this.waiting = new OnDemandNames(main, 1, this);
        life.onEnd(waiting::close);
    }

    /** Whether a request has asked for the table. */
    boolean isOpen() {
        return routes != null;
    }

    @Override
    public List<HeaderName> internalOnlyHeaders(HttpStream stream) {
        RdsRoutes now = routes;
        return now == null ? List.of() : now.internalOnlyHeaders(stream);
    }

    @Override
    public @Nullable SelectedRoute select(HttpStream stream) {
        RdsRoutes now = routes;
        return now == null ? null : now.select(stream);
    }

    @Override
    public @Nullable PendingRoute fetch(HttpStream stream, Runnable done) {
        RdsRoutes now = routes;
        if (now != null && now.loaded() != null) {
            return now.fetch(stream, done);
        }
        return waiting.want(TABLE, stream.loop(), 0, done)::cancel;
    }

    @Override
    public void ask(Set<String> wanted) {
        routes = open.get();
        life.init().initialize(() -> waiting.answered(TABLE, true));
    }

    @Override
    public boolean isThere(String name) {
        return life.init().isInitialized();
    }
}
