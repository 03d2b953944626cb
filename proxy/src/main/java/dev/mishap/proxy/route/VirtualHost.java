package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.route.match.HeaderMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The routes of some domains, in order; the first that matches is taken. Immutable once its routes were added. */
final class VirtualHost {
    enum TlsRequirement {
        NONE,
        EXTERNAL_ONLY,
        ALL
    }

    private record Candidate(RouteMatch match, ClusterChoice choice) {}

    private final String name;
    private final TlsRequirement tls;
    private final List<VirtualCluster> virtualClusters;
    private final Map<String, Map<String, Object>> metadata;
    private final List<Candidate> routes = new ArrayList<>();

    VirtualHost(
            String name,
            TlsRequirement tls,
            List<VirtualCluster> virtualClusters,
            Map<String, Map<String, Object>> metadata) {
        this.name = name;
        this.tls = tls;
        this.virtualClusters = virtualClusters;
        this.metadata = metadata;
    }

    /** Adds a route behind the others; called while the table is built. */
    void add(Route route, ClusterChoice choice) {
        routes.add(new Candidate(route.match(), choice));
    }

    String name() {
        return name;
    }

    Map<String, Map<String, Object>> metadata() {
        return metadata;
    }

    TlsRequirement tls() {
        return tls;
    }

    @Nullable
    RouteEntry select(HttpStream stream, HeaderMap request, int pathIndex, int pathEnd, long random) {
        for (int i = 0; i < routes.size(); i++) {
            Candidate candidate = routes.get(i);
            if (candidate.match().matches(stream, request, pathIndex, pathEnd, random)) {
                return candidate.choice().choose(stream, random);
            }
        }
        return null;
    }

    @Nullable
    VirtualCluster virtualCluster(HeaderMap request) {
        for (int i = 0; i < virtualClusters.size(); i++) {
            VirtualCluster cluster = virtualClusters.get(i);
            if (HeaderMatcher.allMatch(cluster.headers(), request)) {
                return cluster;
            }
        }
        return null;
    }
}
