package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.MetadataMatch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The subsets of one set of endpoints. Immutable; made on the main loop for all loops. */
final class Subsets {
    /** Names of the sets that are there without a match. */
    static final Object ANY = "any";

    static final Object DEFAULT = "default";

    private final Map<MetadataMatch, EndpointSet> byMatch = new HashMap<>();
    private final EndpointSet any;
    private final EndpointSet byDefault;

    Subsets(SubsetPolicy policy, Cluster cluster, EndpointSet endpoints) {
        SubsetConfig config = policy.config();
        any = part(policy, cluster, endpoints, e -> true);
        byDefault = part(policy, cluster, endpoints, e -> matches(e, config.defaultSubset(), config.listAsAny()));
        Map<MetadataMatch, Set<Endpoint>> members = new LinkedHashMap<>();
        for (SubsetConfig.Selector selector : config.selectors()) {
            for (Endpoint e : endpoints.all()) {
                for (MetadataMatch m : matchesOf(e, selector.keys(), config.listAsAny())) {
                    Set<Endpoint> of =
                            members.computeIfAbsent(m, k -> Collections.newSetFromMap(new IdentityHashMap<>()));
                    if (!selector.singleHost() || of.isEmpty()) {
                        of.add(e);
                    }
                }
            }
        }
        members.forEach((m, of) -> byMatch.put(m, part(policy, cluster, endpoints, of::contains)));
        count(cluster);
    }

    private static EndpointSet part(
            SubsetPolicy policy, Cluster cluster, EndpointSet endpoints, Predicate<Endpoint> keep) {
        EndpointSet part = endpoints.filter(keep, policy.config().scaleLocalityWeight());
        part.prepared(policy.inner().prepare(cluster, part));
        return part;
    }

    /** What became of the subsets since the endpoints before. */
    private void count(Cluster cluster) {
        Set<MetadataMatch> before =
                cluster.endpoints().prepared() instanceof Subsets old ? old.byMatch.keySet() : Set.of();
        int created = 0;
        for (MetadataMatch m : byMatch.keySet()) {
            created += before.contains(m) ? 0 : 1;
        }
        // In Envoy each worker makes its own, and so does the main thread.
        int threads = cluster.context().workers() + 1;
        cluster.stats().lbSubsetsCreated.add((long) threads * created);
        cluster.stats().lbSubsetsRemoved.add((long) threads * (before.size() + created - byMatch.size()));
        cluster.stats().lbSubsetsActive.set((long) threads * byMatch.size());
    }

    private static Map<String, Object> metadata(Endpoint e) {
        return e.metadata().getOrDefault(MetadataMatch.NAMESPACE, Map.of());
    }

    /** Each combination of values that the endpoint has for the keys; none when it lacks one. */
    private static List<MetadataMatch> matchesOf(Endpoint e, List<String> keys, boolean listAsAny) {
        List<Map<String, Object>> combinations = new ArrayList<>();
        combinations.add(Map.of());
        for (String key : keys) {
            Object value = metadata(e).get(key);
            if (value == null) {
                return List.of();
            }
            List<?> each = listAsAny && value instanceof List<?> list ? list : List.of(value);
            List<Map<String, Object>> next = new ArrayList<>();
            for (Map<String, Object> c : combinations) {
                for (Object v : each) {
                    Map<String, Object> more = new HashMap<>(c);
                    more.put(key, v);
                    next.add(more);
                }
            }
            combinations = next;
        }
        return combinations.stream().map(MetadataMatch::of).toList();
    }

    private static boolean matches(Endpoint e, MetadataMatch match, boolean listAsAny) {
        for (int i = 0; i < match.size(); i++) {
            Object given = metadata(e).get(match.key(i));
            if (given == null) {
                return false;
            }
            Object value = MetadataMatch.plain(given);
            boolean one = listAsAny && value instanceof List<?> list && list.contains(match.value(i));
            if (!one && !value.equals(match.value(i))) {
                return false;
            }
        }
        return true;
    }

    EndpointSet any() {
        return any;
    }

    EndpointSet byDefault() {
        return byDefault;
    }

    @Nullable
    EndpointSet of(MetadataMatch match) {
        return byMatch.get(match);
    }
}
