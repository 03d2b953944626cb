package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.LoadListener;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code override_host}: the request itself says which endpoints it is to go to, the first for its first try and so on. When none
 * of those that are left is an endpoint that may be used, {@code fallback} picks.
 */
record OverrideHostPolicy(List<Source> sources, LbPolicy fallback) implements LbPolicy {
    static final String MESSAGE = "envoy.extensions.load_balancing_policies.override_host.v3.OverrideHost";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE).supported("override_host_sources", "fallback_policy"),
            SupportedFields.of(MESSAGE + ".OverrideHostSource").supported("header", "metadata"));

    /**
     * Where addresses with ports stand, with commas between. One of the two is given.
     *
     * @param header of the request, or null
     * @param metadata namespace and path in the request's dynamic metadata; empty for none
     */
    record Source(@Nullable HeaderName header, List<String> metadata) {
        static Source from(ConfigNode node) {
            String header = node.string("header");
            ConfigNode key = node.message("metadata");
            if (header.isEmpty() == (key == null)) {
                throw new ConfigException(
                        key == null
                                ? "Header and metadata keys are empty. One must be set"
                                : "Only one override source must be set");
            }
            List<String> path = new ArrayList<>();
            if (key != null) {
                path.add(key.string("key"));
                key.messages("path").forEach(segment -> path.add(segment.string("key")));
            }
            return new Source(header.isEmpty() ? null : HeaderName.of(header), List.copyOf(path));
        }

        @Nullable
        String value(PickContext context) {
            if (header != null) {
                HeaderMap headers = context.requestHeaders();
                return headers == null ? null : headers.get(header);
            }
            Object at = context.requestMetadata(metadata.get(0));
            for (int i = 1; i < metadata.size(); i++) {
                at = at instanceof Map<?, ?> map ? map.get(metadata.get(i)) : null;
            }
            return at instanceof String text ? text : null;
        }
    }

    static OverrideHostPolicy from(ConfigNode node, LbPolicy fallback) {
        return new OverrideHostPolicy(
                node.messages("override_host_sources").stream()
                        .map(Source::from)
                        .toList(),
                fallback);
    }

    @Override
    public @Nullable Object prepare(Cluster cluster, EndpointSet endpoints) {
        return fallback.prepare(cluster, endpoints);
    }

    @Override
    public @Nullable LoadListener loadListener() {
        return fallback.loadListener();
    }

    @Override
    public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
        LoadBalancer other = fallback.balancer(cluster, random);
        return (endpoints, context) -> {
            Endpoint named = named(cluster, endpoints, context);
            return named == null ? other.pick(endpoints, context) : named;
        };
    }

    private @Nullable Endpoint named(Cluster cluster, EndpointSet endpoints, PickContext context) {
        int left = context.earlierTries();
        for (int s = 0; s < sources.size(); s++) {
            String hosts = sources.get(s).value(context);
            for (int start = 0; hosts != null && start <= hosts.length(); ) {
                int comma = hosts.indexOf(',', start);
                int end = comma < 0 ? hosts.length() : comma;
                Endpoint e = endpoints.at(hosts.substring(start, end).strip());
                if (e != null
                        && cluster.config().common().overrideHealth().statuses().contains(e.status())
                        && left-- == 0) {
                    return e;
                }
                start = end + 1;
            }
        }
        return null;
    }
}
