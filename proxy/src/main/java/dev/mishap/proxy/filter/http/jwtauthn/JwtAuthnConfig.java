package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.RequestMatch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * {@code JwtAuthentication}, resolved.
 *
 * @param named requirements that rules and routes refer to; a value of null requires nothing
 */
record JwtAuthnConfig(
        List<Rule> rules,
        Map<String, @Nullable Requirement> named,
        boolean bypassCorsPreflight,
        boolean stripFailureResponse) {
    static final String FILTER = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
    static final String PER_ROUTE = "envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig";

    static final List<SupportedFields> FIELDS = fields();

    private static List<SupportedFields> fields() {
        List<SupportedFields> all = new ArrayList<>();
        all.add(SupportedFields.of(FILTER)
                .supported(
                        "providers",
                        "rules",
                        "bypass_cors_preflight",
                        "requirement_map",
                        "strip_failure_response",
                        "stat_prefix"));
        all.add(SupportedFields.of("envoy.extensions.filters.http.jwt_authn.v3.RequirementRule")
                .supported("match", "requires", "requirement_name"));
        all.add(SupportedFields.of(PER_ROUTE).supported("disabled", "requirement_name"));
        all.add(SupportedFields.of("google.protobuf.Empty"));
        all.addAll(JwtProvider.FIELDS);
        all.addAll(RemoteKeys.FIELDS);
        all.addAll(Requirement.FIELDS);
        return List.copyOf(all);
    }

    /** What requests that match must have; null = nothing. */
    record Rule(RequestMatch match, @Nullable Requirement requirement) {}

    static JwtAuthnConfig from(ConfigNode node, JwtProvider.RemoteSource source) {
        Map<String, JwtProvider> providers = new TreeMap<>();
        node.messageMap("providers").forEach((name, p) -> providers.put(name, JwtProvider.from(name, p, source)));
        Map<String, @Nullable Requirement> named = new TreeMap<>();
        node.messageMap("requirement_map").forEach((name, r) -> named.put(name, Requirement.from(r, providers)));
        List<Rule> rules = new ArrayList<>();
        for (ConfigNode rule : node.messages("rules")) {
            String name = rule.string("requirement_name");
            if (!name.isEmpty() && !named.containsKey(name)) {
                throw new ConfigException(wrongName(name, named));
            }
            rules.add(new Rule(
                    RequestMatch.from(rule.required("match")),
                    name.isEmpty() ? Requirement.from(rule.message("requires"), providers) : named.get(name)));
        }
        return new JwtAuthnConfig(
                List.copyOf(rules),
                new LinkedHashMap<>(named),
                node.bool("bypass_cors_preflight", false),
                node.bool("strip_failure_response", false));
    }

    static String wrongName(String name, Map<String, ?> named) {
        return "Wrong requirement_name: " + name + ". It should be one of [" + String.join(",", named.keySet()) + "]";
    }
}
