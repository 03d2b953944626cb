package dev.mishap.control.compile;

import com.google.protobuf.Any;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Scope;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Faults for gRPC clients (gRFC A33), which heed abort, delay, percentage and the number of active faults of an HTTPFault, and pass over
 * its conditions: those become conditions of a copy of the route, which stands before it.
 */
final class GrpcRoutes {
    private GrpcRoutes() {}

    /** The fields of a rule that these clients cannot honour though an Envoy may, and why. */
    static List<String> inexpressible(FaultRule rule) {
        List<String> missing = new ArrayList<>();
        Scope scope = rule.scope();
        if (rule.fault().kind() == Fault.Kind.RESPONSE_RATE_LIMIT) {
            missing.add("spec.fault.responseRateLimit: gRPC clients do not slow responses down");
        }
        if (!scope.source().nodes().isEmpty()) {
            missing.add("spec.scope.source.nodes: a gRPC client is its own source; name it in targets.nodes");
        }
        if (!scope.methods().isEmpty() && !scope.methods().contains("POST")) {
            missing.add("spec.scope.methods: calls of gRPC are POSTs");
        }
        StringMatcher path = scope.path();
        if (path != null && (path.kind() == StringMatcher.Kind.SUFFIX || path.kind() == StringMatcher.Kind.CONTAINS)) {
            missing.add("spec.scope.path." + path.kind().field() + ": a gRPC route tests exact, prefix or regex");
        }
        for (int i = 0; i < scope.headers().size(); i++) {
            HeaderMatcher header = scope.headers().get(i);
            if (header.name().startsWith(":")) {
                missing.add("spec.scope.headers[" + i + "]: gRPC routes see metadata, not '" + header.name() + "'");
            } else if (header.invert() && header.present() == null) {
                missing.add("spec.scope.headers[" + i
                        + "].invert: a gRPC route's inverted test fails when the metadata are absent");
            }
        }
        return missing;
    }

    /** The routes with a copy, before each route that it concerns, for what the rule touches. */
    static Routes.Placed place(RouteConfiguration from, FaultRule rule, String filter, HTTPFault fault) {
        RouteConfiguration.Builder routes = from.toBuilder();
        Scope scope = rule.scope();
        Any config = Any.pack(fault.toBuilder().clearHeaders().build());
        int places = 0;
        int occupied = 0;
        for (VirtualHost.Builder host : routes.getVirtualHostsBuilderList()) {
            List<Route> all = new ArrayList<>();
            for (Route route : host.getRoutesList()) {
                boolean wanted = (scope.routes().isEmpty() || scope.routes().contains(route.getName()))
                        && (scope.clusters().isEmpty()
                                || scope.clusters().contains(route.getRoute().getCluster()));
                RouteMatch match = wanted ? narrowed(route.getMatch(), scope.path(), fault) : null;
                if (match != null && route.containsTypedPerFilterConfig(filter)) {
                    occupied++;
                } else if (match != null) {
                    all.add(route.toBuilder()
                            .setMatch(match)
                            .putTypedPerFilterConfig(filter, config)
                            .build());
                    places++;
                }
                all.add(route);
            }
            host.clearRoutes().addAllRoutes(all);
        }
        return new Routes.Placed(routes.build(), places, occupied);
    }

    /** What both match; null when no one match can say that. */
    private static @Nullable RouteMatch narrowed(RouteMatch match, @Nullable StringMatcher path, HTTPFault fault) {
        RouteMatch.Builder narrowed = match.toBuilder();
        fault.getHeadersList().stream()
                .filter(h -> !h.getName().startsWith(":"))
                .forEach(narrowed::addHeaders);
        if (path == null) {
            return narrowed.build();
        }
        boolean any = match.hasPrefix()
                && (match.getPrefix().isEmpty() || match.getPrefix().equals("/"));
        if (!any) {
            boolean same =
                    path.kind() == StringMatcher.Kind.EXACT && path.text().equals(match.getPath())
                            || path.kind() == StringMatcher.Kind.PREFIX
                                    && match.hasPrefix()
                                    && match.getPrefix().startsWith(path.text());
            return same ? narrowed.build() : null;
        }
        switch (path.kind()) {
            case EXACT -> narrowed.setPath(path.text());
            case PREFIX -> narrowed.setPrefix(path.text());
            case REGEX -> narrowed.setSafeRegex(RegexMatcher.newBuilder().setRegex(path.text()));
            case SUFFIX, CONTAINS -> {
                return null;
            }
        }
        return narrowed.build();
    }
}
