package dev.mishap.proxy.route;

import dev.mishap.proxy.filter.common.matching.MatchTree;
import dev.mishap.proxy.filter.common.matching.RequestFacts;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.route.match.HeaderMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The routes of some domains, in order, or a tree of matchers with routes at its leaves; the first that matches is taken. Immutable
 * once its routes were added.
 */
final class VirtualHost {
    enum TlsRequirement {
        NONE,
        EXTERNAL_ONLY,
        ALL
    }

    /** A route, and how its cluster is chosen. */
    record Candidate(RouteMatch match, ClusterChoice choice) {}

    private final String name;
    private final TlsRequirement tls;
    private final List<VirtualCluster> virtualClusters;
    private final Map<String, Map<String, Object>> metadata;
    private final List<Candidate> routes = new ArrayList<>();
    private @Nullable MatchTree<List<Candidate>> matcher;

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
    void add(Candidate route) {
        routes.add(route);
    }

    /** Has a tree find the routes in their place; called while the table is built. */
    void matcher(MatchTree<List<Candidate>> tree) {
        matcher = tree;
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

    /** The route of a request, whose path is entry {@code pathIndex} of {@code paths} up to {@code pathEnd}; null when none matches. */
    @Nullable
    RouteEntry select(HttpStream stream, HeaderMap request, HeaderMap paths, int pathIndex, int pathEnd, long random) {
        MatchTree<List<Candidate>> tree = matcher;
        List<Candidate> candidates = tree == null ? routes : tree.find(new RequestFacts(stream));
        for (int i = 0; candidates != null && i < candidates.size(); i++) {
            Candidate candidate = candidates.get(i);
            if (candidate.match().matches(stream, request, paths, pathIndex, pathEnd, random)) {
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
