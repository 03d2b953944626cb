package dev.mishap.proxy.cluster;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.rules.FaultRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a cluster's configuration says of faults of its connections and DNS questions.
 *
 * @param rules that stand in it
 * @param discovered {@code mishap.rules.v1.DiscoveredRules}: where more come from; null = none do
 */
public record ClusterFaults(List<FaultRule> rules, @Nullable ConfigNode discovered) {
    public static final ClusterFaults NONE = new ClusterFaults(List.of(), null);

    public ClusterFaults {
        rules = List.copyOf(rules);
    }
}
