package dev.mishap.proxy.http;

import org.jspecify.annotations.Nullable;

/** The route of a request: chosen when somebody first asks for it, and again when a filter has changed what it goes by. */
final class StreamRoute {
    private final ActiveStream stream;
    private final ConnectionManagerConfig config;
    private final StreamTimers timers;
    /** Null while none is chosen. */
    private @Nullable SelectedRoute route;

    private boolean matched;
    /** The next route is not the first: its limits of time are to be looked at. */
    private boolean rerouted;

    StreamRoute(ActiveStream stream, ConnectionManagerConfig config, StreamTimers timers) {
        this.stream = stream;
        this.config = config;
        this.timers = timers;
    }

    /** A request begins. */
    void begin() {
        matched = rerouted = false;
        route = null;
    }

    /** Chooses, unless that is done; null = there is no route. */
    @Nullable
    SelectedRoute get() {
        if (!matched) {
            matched = true;
            select();
        }
        return route;
    }

    private void select() {
        StreamInfo info = stream.info();
        info.routeResolutions++;
        route = config.routes.select(stream);
        // A request that no router sees, since a filter answers it, has its route's cluster in the log all the
        // same.
        String cluster = route == null ? null : route.clusterName();
        info.upstreamCluster = cluster == null ? null : config.clusterStatName.apply(cluster);
        info.clusterMetadata = cluster == null ? null : config.clusterMetadata.apply(cluster);
        info.upstreamClusterRaw = info.upstreamCluster == null ? null : cluster;
        info.routeName = route == null ? null : route.name();
        if (rerouted && route != null) {
            rerouted = false;
            timers.apply(route, stream.requestHeaders(), info.startNanos, System.nanoTime());
        }
    }

    /** The one that was chosen; null when none was, or not yet. */
    @Nullable
    SelectedRoute chosen() {
        return route;
    }

    /** There is to be none, whatever the table says. */
    void none() {
        matched = true;
    }

    /** It is to be chosen again. */
    void clear() {
        matched = false;
        rerouted = true;
        route = null;
    }

    /** Lets go of it. */
    void forget() {
        route = null;
    }
}
