package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.cluster.PickContext;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Picks the subset that the request's metadata names, then an endpoint of it; without one, as the fallbacks say. */
final class SubsetBalancer implements LoadBalancer {
    private static final String FALLBACK_LIST = "fallback_list";

    private final SubsetPolicy policy;
    private final SubsetConfig config;
    private final Cluster cluster;
    private final LongSupplier random;
    private final List<SubsetConfig.Selector> longestFirst;
    /** By match, ANY or DEFAULT; they outlive changes of the endpoints, so that turns go on. */
    private final Map<Object, LoadBalancer> inner = new HashMap<>();

    SubsetBalancer(SubsetPolicy policy, Cluster cluster, LongSupplier random) {
        this.policy = policy;
        this.config = policy.config();
        this.cluster = cluster;
        this.random = random;
        this.longestFirst = config.selectors().stream()
                .sorted(Comparator.comparingInt(
                        (SubsetConfig.Selector s) -> -s.keys().size()))
                .toList();
    }

    @Override
    public @Nullable Endpoint pick(EndpointSet endpoints, PickContext context) {
        if (!(endpoints.prepared() instanceof Subsets subsets)) {
            return null; // the first endpoints have not come
        }
        MetadataMatch match = context.metadataMatch();
        if (config.fallbackList() && match != null && match.get(FALLBACK_LIST) instanceof List<?> list) {
            MetadataMatch rest = match.without(FALLBACK_LIST);
            for (Object each : list) {
                if (each instanceof Map<?, ?> fields) {
                    Map<String, Object> over = new HashMap<>();
                    fields.forEach((k, v) -> over.put(String.valueOf(k), v));
                    Endpoint e = pick(subsets, rest.with(MetadataMatch.of(over)), context);
                    if (e != null) {
                        return e;
                    }
                }
            }
            return null;
        }
        return pick(subsets, match, context);
    }

    private @Nullable Endpoint pick(Subsets subsets, @Nullable MetadataMatch match, PickContext context) {
        ClusterStats stats = cluster.stats();
        if (match != null) {
            MetadataMatch of = config.allowRedundantKeys() ? reduced(subsets, match) : match;
            EndpointSet subset = subsets.of(of);
            if (subset != null) {
                stats.lbSubsetsSelected.inc();
                return inner(of).pick(subset, context);
            }
            for (SubsetConfig.Selector s : config.selectors()) {
                if (s.fallback() != SubsetConfig.Fallback.NOT_DEFINED && match.hasKeys(s.keys())) {
                    return fallBack(s, subsets, match, context);
                }
            }
        }
        Endpoint e = switch (config.fallback()) {
            case ANY_ENDPOINT -> inner(Subsets.ANY).pick(subsets.any(), context);
            case DEFAULT_SUBSET -> inner(Subsets.DEFAULT).pick(subsets.byDefault(), context);
            default -> null;
        };
        if (e != null) {
            stats.lbSubsetsFallback.inc();
            return e;
        }
        if (config.panicModeAny() && config.fallback() != SubsetConfig.Fallback.NO_FALLBACK) {
            e = inner(Subsets.ANY).pick(subsets.any(), context);
            if (e != null) {
                stats.lbSubsetsFallbackPanic.inc();
            }
        }
        return e;
    }

    private @Nullable Endpoint fallBack(
            SubsetConfig.Selector selector, Subsets subsets, MetadataMatch match, PickContext context) {
        return switch (selector.fallback()) {
            case ANY_ENDPOINT -> inner(Subsets.ANY).pick(subsets.any(), context);
            case DEFAULT_SUBSET -> inner(Subsets.DEFAULT).pick(subsets.byDefault(), context);
            case KEYS_SUBSET -> pick(subsets, match.only(selector.keysSubset()), context);
            default -> null;
        };
    }

    /** The part of a match that some selector has keys for and that has a subset; the longest one. */
    private MetadataMatch reduced(Subsets subsets, MetadataMatch match) {
        if (subsets.of(match) != null) {
            return match;
        }
        for (SubsetConfig.Selector s : longestFirst) {
            if (match.containsKeys(s.keys())) {
                MetadataMatch part = match.only(s.keys());
                if (subsets.of(part) != null) {
                    return part;
                }
            }
        }
        return match;
    }

    private LoadBalancer inner(Object key) {
        LoadBalancer b = inner.get(key);
        if (b == null) {
            b = policy.inner().balancer(cluster, random);
            inner.put(key, b);
        }
        return b;
    }
}
