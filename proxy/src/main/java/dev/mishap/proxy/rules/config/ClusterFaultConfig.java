package dev.mishap.proxy.rules.config;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.rules.Endpoints;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Source;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.match.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads {@code mishap.clusters.fault.v1.ClusterFault} of a cluster's {@code typed_extension_protocol_options}. */
public final class ClusterFaultConfig {
    public static final String TYPE = "mishap.clusters.fault.v1.ClusterFault";

    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(TYPE).supported("rules", "discovered"));

    private static final Endpoints ALL =
            new Endpoints(List.of(new Cidr("0.0.0.0/0"), new Cidr("::/0")), List.of(), List.of(), Map.of());

    private ClusterFaultConfig() {}

    /**
     * The rules of a cluster.
     *
     * @param cluster {@code envoy.config.cluster.v3.Cluster}
     */
    public static List<FaultRule> from(ConfigNode cluster) {
        List<FaultRule> rules = new ArrayList<>();
        options(cluster).forEach(options -> rules.addAll(rules(options)));
        return rules;
    }

    /** Where more rules of a cluster come from: {@code mishap.rules.v1.DiscoveredRules}; null = nowhere. */
    public static @Nullable ConfigNode discovered(ConfigNode cluster) {
        ConfigNode discovered = null;
        for (ConfigNode options : options(cluster)) {
            discovered = options.has("discovered") ? options.message("discovered") : discovered;
        }
        return discovered;
    }

    private static List<ConfigNode> options(ConfigNode cluster) {
        return cluster.messageMap("typed_extension_protocol_options").values().stream()
                .filter(options -> options.messageName().equals(TYPE))
                .toList();
    }

    /** The field {@code rules} of a message, for a cluster. */
    public static List<FaultRule> rules(ConfigNode message) {
        return RuleConfig.listFrom(
                message,
                "rules",
                "a cluster",
                rule -> rule.fault().kind().plane() != Fault.Plane.REQUEST,
                "mishap.filters.http.fault",
                ClusterFaultConfig::upstream);
    }

    /** The rule as one about what the proxy does for the cluster. */
    private static FaultRule upstream(FaultRule rule) {
        Scope scope = rule.scope();
        if (rule.fault().kind().plane() == Fault.Plane.DNS) {
            if (!scope.listeners().isEmpty()
                    || !scope.source().equals(Source.ANY)
                    || !scope.cohort().percent().isFull()) {
                throw new IllegalArgumentException(
                        "no client asks for a cluster: leave scope.listeners, scope.source and scope.cohort out");
            }
            return rule;
        }
        return rule.isUpstream() ? rule : rule.withScope(scope.withEndpoints(ALL));
    }
}
