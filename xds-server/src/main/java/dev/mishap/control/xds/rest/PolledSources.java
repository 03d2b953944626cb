package dev.mishap.control.xds.rest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes sources to poll from of the sources of a stream ({@code ads}), in resources as JSON. */
final class PolledSources {
    /** What a ConfigSource has beside its kind. */
    private static final Set<String> OTHERS = Set.of("resource_api_version", "initial_fetch_timeout", "authorities");

    private PolledSources() {}

    /**
     * A copy of what a resource is in JSON.
     *
     * @param cluster by which the node polls
     * @param refresh how often, in JSON
     */
    static Object in(Map<String, ?> resource, String cluster, String refresh) {
        Map<String, Object> source = new LinkedHashMap<>();
        source.put("api_type", "REST");
        source.put("transport_api_version", "V3");
        source.put("cluster_names", List.of(cluster));
        source.put("refresh_delay", refresh);
        source.put("request_timeout", "5s");
        return copy(resource, source);
    }

    @SuppressWarnings("NullAway") // JSON has nulls, and what is read as a map says nothing of them.
    private static Object copy(Object value, Map<String, Object> source) {
        if (value instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>(list.size());
            list.forEach(each -> copy.add(copy(each, source)));
            return copy;
        }
        if (!(value instanceof Map<?, ?> map)) {
            return value;
        }
        boolean stream = isStream(map);
        Map<Object, @Nullable Object> copy = new LinkedHashMap<>();
        map.forEach((key, each) -> {
            if (stream && key.equals("ads")) {
                copy.put("api_config_source", source);
            } else if (key.equals("metadata") || key.equals("filter_metadata")) {
                // Free words of the owner's, which may look like anything.
                copy.put(key, each);
            } else {
                copy.put(key, copy(each, source));
            }
        });
        return copy;
    }

    private static boolean isStream(Map<?, ?> map) {
        return map.get("ads") instanceof Map<?, ?> ads
                && ads.isEmpty()
                && map.keySet().stream().allMatch(key -> key.equals("ads") || OTHERS.contains(key));
    }
}
