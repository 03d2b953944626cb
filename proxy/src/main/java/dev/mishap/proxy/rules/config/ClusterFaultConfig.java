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

/** Reads {@code mishap.clusters.fault.v1.ClusterFault} of a cluster's {@code typed_extension_protocol_options}. */
public final class ClusterFaultConfig {
    public static final String TYPE = "mishap.clusters.fault.v1.ClusterFault";

    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(TYPE).supported("rules"));

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
        for (ConfigNode options :
                cluster.messageMap("typed_extension_protocol_options").values()) {
            if (options.messageName().equals(TYPE)) {
                rules.addAll(RuleConfig.listFrom(
                        options,
                        "rules",
                        "a cluster",
                        rule -> rule.fault().kind().plane() != Fault.Plane.REQUEST,
                        "mishap.filters.http.fault",
                        ClusterFaultConfig::upstream));
            }
        }
        return rules;
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
