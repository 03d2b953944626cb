package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Discovery;
import dev.mishap.proxy.cluster.EndpointSource;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/**
 * {@code envoy.clusters.aggregate}: other clusters, one after the other, as if their priorities were its own. It has no endpoints.
 *
 * @param clusters names, the one that is used first first
 */
public record Aggregate(List<String> clusters) implements Discovery {
    static final String MESSAGE = "envoy.extensions.clusters.aggregate.v3.ClusterConfig";
    static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(MESSAGE).supported("clusters"));

    static Aggregate from(ConfigNode config) {
        return new Aggregate(List.copyOf(config.strings("clusters")));
    }

    @Override
    public EndpointSource open(Cluster cluster) {
        return EndpointSource.READY;
    }
}
