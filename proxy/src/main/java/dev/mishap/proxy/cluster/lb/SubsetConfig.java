package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code LbSubsetConfig}, or {@code load_balancing_policies.subset.v3.Subset} but for its inner policy.
 *
 * @param fallback {@code fallback_policy}: what is done when no subset matches
 * @param defaultSubset metadata of the endpoints of DEFAULT_SUBSET
 * @param selectors {@code subset_selectors}
 * @param scaleLocalityWeight a locality weighs less where few of its endpoints are in the subset
 * @param panicModeAny whether any endpoint is used when the fallback has none
 * @param listAsAny whether a list in an endpoint's metadata matches each of its members
 * @param fallbackList {@code metadata_fallback_policy: FALLBACK_LIST}
 * @param allowRedundantKeys whether a match may have keys that its selector has not
 */
record SubsetConfig(
        Fallback fallback,
        MetadataMatch defaultSubset,
        List<Selector> selectors,
        boolean scaleLocalityWeight,
        boolean panicModeAny,
        boolean listAsAny,
        boolean fallbackList,
        boolean allowRedundantKeys) {
    /** What is done when nothing matches. */
    enum Fallback {
        /** Of a selector: as the whole configuration says. */
        NOT_DEFINED,
        NO_FALLBACK,
        ANY_ENDPOINT,
        DEFAULT_SUBSET,
        /** The match is reduced to some of its keys. */
        KEYS_SUBSET
    }

    /**
     * The keys by which subsets are made.
     *
     * @param keys in their order
     * @param keysSubset {@code fallback_keys_subset}, in their order
     * @param singleHost whether each subset has one endpoint only
     */
    record Selector(List<String> keys, Fallback fallback, List<String> keysSubset, boolean singleHost) {
        Selector withoutFallback() {
            return new Selector(keys, Fallback.NOT_DEFINED, List.of(), singleHost);
        }

        private static Selector from(ConfigNode node) {
            List<String> keys = List.copyOf(new TreeSet<>(node.strings("keys")));
            Fallback fallback = Fallback.valueOf(node.enumName("fallback_policy"));
            List<String> less = List.copyOf(new TreeSet<>(node.strings("fallback_keys_subset")));
            boolean single = node.bool("single_host_per_subset", false);
            if (single && keys.size() > 1) {
                throw new ConfigException("subset_lb: single_host_per_subset selector must have exactly one key");
            }
            if (fallback == Fallback.KEYS_SUBSET) {
                if (less.isEmpty()) {
                    throw new ConfigException("fallback_keys_subset cannot be empty");
                }
                if (!keys.containsAll(less)) {
                    throw new ConfigException("fallback_keys_subset must be a subset of selector keys");
                }
                if (less.size() == keys.size()) {
                    throw new ConfigException("fallback_keys_subset cannot be equal to keys");
                }
            }
            return new Selector(keys, fallback, less, single);
        }
    }

    /** As in Envoy, the fallback of a selector does not count when a selector before it begins with the same keys. */
    private static boolean reaches(List<String> keys, Set<List<String>> paths) {
        boolean isNew = false;
        for (int i = 1; i <= keys.size(); i++) {
            isNew = paths.add(List.copyOf(keys.subList(0, i)));
        }
        return isNew;
    }

    static SubsetConfig from(ConfigNode node) {
        List<Selector> selectors = new ArrayList<>();
        Set<List<String>> paths = new HashSet<>();
        for (ConfigNode each : node.messages("subset_selectors")) {
            if (!each.strings("keys").isEmpty()) {
                Selector s = Selector.from(each);
                selectors.add(reaches(s.keys(), paths) ? s : s.withoutFallback());
            }
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        if (node.struct("default_subset") instanceof Map<?, ?> given) {
            given.forEach((k, v) -> fields.put(String.valueOf(k), v));
        }
        return new SubsetConfig(
                Fallback.valueOf(node.enumName("fallback_policy")),
                MetadataMatch.of(fields),
                List.copyOf(selectors),
                node.bool("scale_locality_weight", false),
                node.bool("panic_mode_any", false),
                node.bool("list_as_any", false),
                node.enumName("metadata_fallback_policy").equals("FALLBACK_LIST"),
                node.messageName().startsWith("envoy.extensions.") && node.bool("allow_redundant_keys", false));
    }
}
