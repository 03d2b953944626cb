package dev.mishap.control.compile;

import com.google.protobuf.Any;
import dev.mishap.rules.Scope;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Puts faults into a route configuration by nothing but {@code typed_per_filter_config}. What has such a configuration already, from
 * whoever made the routes, keeps it.
 */
final class Routes {
    /** What a route configuration says of places. */
    record Reach(Set<String> names, Set<String> clusters, boolean dynamic) {
        /** Whether a request in this scope may pass here. */
        boolean mayReach(Scope scope) {
            return dynamic
                    || (scope.clusters().isEmpty() || scope.clusters().stream().anyMatch(clusters::contains))
                            && (scope.routes().isEmpty()
                                    || scope.routes().stream().anyMatch(names::contains));
        }
    }

    /** What was done. */
    record Placed(RouteConfiguration routes, int places, int occupied) {}

    private Routes() {}

    static Reach reach(RouteConfiguration routes) {
        Set<String> names = new HashSet<>();
        Set<String> clusters = new HashSet<>();
        // Virtual hosts on demand are not seen here.
        boolean dynamic = routes.hasVhds();
        for (VirtualHost host : routes.getVirtualHostsList()) {
            // A matcher in place of routes may lead anywhere.
            dynamic |= host.hasMatcher();
            for (Route route : host.getRoutesList()) {
                names.add(route.getName());
                if (!route.hasRoute()) {
                    continue;
                }
                RouteAction action = route.getRoute();
                switch (action.getClusterSpecifierCase()) {
                    case CLUSTER -> clusters.add(action.getCluster());
                    case WEIGHTED_CLUSTERS -> {
                        for (WeightedCluster.ClusterWeight each :
                                action.getWeightedClusters().getClustersList()) {
                            dynamic |= !each.getClusterHeader().isEmpty();
                            clusters.add(each.getName());
                        }
                    }
                    default -> dynamic = true;
                }
            }
        }
        return new Reach(names, clusters, dynamic);
    }

    /**
     * The routes with a configuration for the filter of this name.
     *
     * @param scope of whose parts {@code routes} and {@code clusters} choose the places; neither = whole virtual hosts
     */
    static Placed place(RouteConfiguration from, Scope scope, String filter, Any config) {
        RouteConfiguration.Builder routes = from.toBuilder();
        boolean whole = scope.routes().isEmpty() && scope.clusters().isEmpty();
        int places = 0;
        int occupied = 0;
        for (VirtualHost.Builder host : routes.getVirtualHostsBuilderList()) {
            if (whole) {
                if (host.containsTypedPerFilterConfig(filter)) {
                    occupied++;
                } else {
                    host.putTypedPerFilterConfig(filter, config);
                    places++;
                }
                // A route with a configuration of its own does not see its host's.
                occupied += (int) host.getRoutesList().stream()
                        .filter(r -> r.containsTypedPerFilterConfig(filter))
                        .count();
                continue;
            }
            for (Route.Builder route : host.getRoutesBuilderList()) {
                if (!scope.routes().isEmpty() && !scope.routes().contains(route.getName())) {
                    continue;
                }
                int[] done = placeOnRoute(route, host, scope.clusters(), filter, config);
                places += done[0];
                occupied += done[1];
            }
        }
        return new Placed(routes.build(), places, occupied);
    }

    private static int[] placeOnRoute(
            Route.Builder route, VirtualHost.Builder host, List<String> clusters, String filter, Any config) {
        boolean weighted = route.hasRoute() && route.getRoute().hasWeightedClusters();
        boolean taken = route.containsTypedPerFilterConfig(filter) || host.containsTypedPerFilterConfig(filter);
        if (clusters.isEmpty()
                || route.hasRoute() && clusters.contains(route.getRoute().getCluster())) {
            if (taken) {
                return new int[] {0, 1};
            }
            route.putTypedPerFilterConfig(filter, config);
            return new int[] {1, 0};
        }
        int places = 0;
        int occupied = 0;
        if (weighted) {
            for (WeightedCluster.ClusterWeight.Builder each :
                    route.getRouteBuilder().getWeightedClustersBuilder().getClustersBuilderList()) {
                if (!clusters.contains(each.getName())) {
                    continue;
                }
                if (taken || each.containsTypedPerFilterConfig(filter)) {
                    occupied++;
                } else {
                    each.putTypedPerFilterConfig(filter, config);
                    places++;
                }
            }
        }
        return new int[] {places, occupied};
    }
}
