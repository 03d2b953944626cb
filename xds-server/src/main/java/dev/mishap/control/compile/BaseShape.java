package dev.mishap.control.compile;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.mishap.control.base.NodeKind;
import dev.mishap.control.xds.Resource;
import dev.mishap.rules.Scope;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What of a base configuration matters to faults: read once for as long as the base stays, whatever rules come and go. */
public final class BaseShape {
    /** No configuration. */
    public static final BaseShape EMPTY = new BaseShape(List.of(), List.of(), List.of());

    private final List<ListenerShape> listeners;
    private final Map<String, Resource> listenerResources = new HashMap<>();
    private final Map<String, Resource> routeResources = new HashMap<>();
    private final Map<String, RouteConfiguration> routes = new HashMap<>();
    private final Map<String, Routes.Reach> reaches = new HashMap<>();

    private final Collection<Resource> clusterResources;
    private @Nullable List<ClusterShape> clusters;

    private BaseShape(
            Collection<Resource> listeners, Collection<Resource> routes, Collection<Resource> clusterResources) {
        this.clusterResources = clusterResources;
        List<ListenerShape> shapes = new ArrayList<>();
        for (Resource listener : listeners) {
            listenerResources.put(listener.name(), listener);
            shapes.add(ListenerShape.of(listener.name(), listener.body(), NodeKind.RULES_MESSAGE));
        }
        shapes.sort((a, b) -> a.name().compareTo(b.name()));
        this.listeners = List.copyOf(shapes);
        for (Resource route : routes) {
            routeResources.put(route.name(), route);
        }
    }

    /** What these resources are like. */
    public static BaseShape of(
            Collection<Resource> listeners, Collection<Resource> routes, Collection<Resource> clusters) {
        return new BaseShape(listeners, routes, List.copyOf(clusters));
    }

    /** The clusters that discover rules, by name; looked for when a node first wants to know. */
    synchronized List<ClusterShape> clusters() {
        List<ClusterShape> known = clusters;
        if (known == null) {
            known = clusterResources.stream()
                    .flatMap(cluster -> ClusterShape.of(cluster.name(), cluster.body()).stream())
                    .sorted(Comparator.comparing(ClusterShape::name))
                    .toList();
            clusters = known;
        }
        return known;
    }

    List<ListenerShape> listeners() {
        return listeners;
    }

    @Nullable
    Resource listener(String name) {
        return listenerResources.get(name);
    }

    /** The routes of a manager; null while they are not known. */
    synchronized @Nullable RouteConfiguration routes(ListenerShape.Manager manager) {
        if (manager.inline() != null) {
            return manager.inline();
        }
        String name = manager.routeName();
        Resource resource = name == null ? null : routeResources.get(name);
        if (name == null || resource == null) {
            return null;
        }
        return routes.computeIfAbsent(name, n -> {
            try {
                return RouteConfiguration.parseFrom(resource.body());
            } catch (InvalidProtocolBufferException e) {
                // What the client will refuse reaches nothing.
                return RouteConfiguration.getDefaultInstance();
            }
        });
    }

    /** Whether a manager's routes are known, and each says by itself which clusters it leads to. */
    boolean hasPlainRoutes(ListenerShape.Manager manager) {
        RouteConfiguration routing = routes(manager);
        return routing != null && !reach(manager, routing).dynamic();
    }

    /** Whether requests in this scope may pass a manager, by clusters and routes; true while its routes are not known. */
    boolean mayReach(ListenerShape.Manager manager, Scope scope) {
        RouteConfiguration routing =
                scope.clusters().isEmpty() && scope.routes().isEmpty() ? null : routes(manager);
        if (routing == null) {
            return true;
        }
        return reach(manager, routing).mayReach(scope);
    }

    private Routes.Reach reach(ListenerShape.Manager manager, RouteConfiguration routing) {
        String name = manager.routeName();
        if (name == null) {
            return Routes.reach(routing);
        }
        synchronized (this) {
            return reaches.computeIfAbsent(name, n -> Routes.reach(routing));
        }
    }
}
