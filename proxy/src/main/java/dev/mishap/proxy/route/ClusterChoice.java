package dev.mishap.proxy.route;

import dev.mishap.proxy.filter.common.matching.MatchTree;
import dev.mishap.proxy.filter.common.matching.RequestFacts;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chooses the cluster of a request whose route is found. */
sealed interface ClusterChoice {
    RouteEntry choose(HttpStream stream, long random);

    /** Always the same entry: one cluster, or a route that does not forward. */
    record Fixed(RouteEntry entry) implements ClusterChoice {
        @Override
        public RouteEntry choose(HttpStream stream, long random) {
            return entry;
        }
    }

    /** The cluster that a request header names. */
    record ByHeader(RouteEntry entry, HeaderName header) implements ClusterChoice {
        @Override
        public RouteEntry choose(HttpStream stream, long random) {
            return named(entry, stream.requestHeaders(), header);
        }
    }

    /**
     * The cluster that a tree of matchers finds.
     *
     * @param none of a request that nothing matches: a route to no cluster
     */
    record ByMatcher(RouteEntry none, MatchTree<RouteEntry> tree) implements ClusterChoice {
        @Override
        public RouteEntry choose(HttpStream stream, long random) {
            RouteEntry found = tree.find(new RequestFacts(stream));
            return found == null ? none : found;
        }
    }

    /**
     * A draw between clusters.
     *
     * @param drawHeader request header whose number takes the place of the draw, or null
     * @param hash whose hash of the request takes it, where it has one; or null
     * @param runtime whether weights have runtime keys
     * @param total sum of the configured weights, > 0
     */
    record Weighted(
            List<Part> parts,
            @Nullable HeaderName drawHeader,
            @Nullable HashPolicy hash,
            boolean runtime,
            long total) implements ClusterChoice {
        @Override
        public RouteEntry choose(HttpStream stream, long random) {
            RuntimeSnapshot values = stream.runtime();
            long sum = total;
            if (runtime) {
                sum = 0;
                for (int i = 0; i < parts.size(); i++) {
                    sum += parts.get(i).weight(values, true);
                }
            }
            Part last = parts.get(parts.size() - 1);
            if (sum > 0) {
                long at = Long.remainderUnsigned(draw(stream, random), sum);
                for (int i = 0; i < parts.size(); i++) {
                    last = parts.get(i);
                    at -= last.weight(values, runtime);
                    if (at < 0) {
                        break;
                    }
                }
            }
            HeaderName header = last.clusterHeader();
            return header == null ? last.entry() : named(last.entry(), stream.requestHeaders(), header);
        }

        private long draw(HttpStream stream, long random) {
            if (hash != null) {
                Long hashed = hash.hash(stream, new ArrayList<>(0)); // a cookie is set when the endpoint is chosen
                return hashed == null ? random : hashed;
            }
            String value = drawHeader == null ? null : stream.requestHeaders().get(drawHeader);
            if (value == null || value.isEmpty() || !Character.isDigit(value.charAt(0))) {
                return random;
            }
            try {
                return Long.parseUnsignedLong(value);
            } catch (NumberFormatException e) {
                return random;
            }
        }
    }

    /**
     * One of the clusters to draw from.
     *
     * @param clusterHeader request header that names it, or null
     * @param weight its share
     * @param runtimeKey key of a weight that goes before it
     */
    record Part(RouteEntry entry, @Nullable HeaderName clusterHeader, long weight, String runtimeKey) {
        long weight(RuntimeSnapshot runtime, boolean byRuntime) {
            return byRuntime ? Math.max(0, runtime.integer(runtimeKey, weight)) : weight;
        }
    }

    private static RouteEntry named(RouteEntry entry, HeaderMap request, HeaderName header) {
        String name = request.get(header);
        return entry.withCluster(name == null || name.isEmpty() ? null : name);
    }
}
