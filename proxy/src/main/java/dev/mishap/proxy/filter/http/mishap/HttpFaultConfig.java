package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.InService;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.rules.PlacedRules;
import dev.mishap.proxy.rules.config.RuleConfig;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.fault.Fault;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One {@code mishap.filters.http.fault.v1.HttpFault}, of the filter or of a route. Immutable, but for what rules count.
 *
 * @param resetPartsPerMillion the share of the matching requests that is reset; 0 = none
 * @param headers matchers that must all match
 * @param experimentId {@code ""} for none
 * @param metadata dynamic metadata of a touched request
 * @param rules null = none
 */
record HttpFaultConfig(
        long resetPartsPerMillion,
        List<HeaderMatcher> headers,
        String experimentId,
        Map<String, Object> metadata,
        @Nullable PlacedRules rules)
        implements InService {
    static final String MESSAGE = "mishap.filters.http.fault.v1.HttpFault";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE).supported("reset", "headers", "experiment_id", "rules"),
            SupportedFields.of(MESSAGE + ".Reset").supported("percentage"));

    @Override
    public void enter() {
        if (rules != null) {
            rules.enter();
        }
    }

    @Override
    public void leave() {
        if (rules != null) {
            rules.leave();
        }
    }

    /** @param place puts the rules where they belong */
    static HttpFaultConfig from(ConfigNode node, Function<List<FaultRule>, PlacedRules> place) {
        ConfigNode reset = node.message("reset");
        String experiment = node.string("experiment_id");
        List<FaultRule> rules = RuleConfig.listFrom(
                node,
                "rules",
                "an HTTP filter",
                rule -> rule.fault().kind().plane() == Fault.Plane.REQUEST,
                "mishap.filters.network.fault or mishap.clusters.fault");
        return new HttpFaultConfig(
                reset == null ? 0 : RuntimeFraction.partsPerMillion(reset.message("percentage")),
                HeaderMatcher.listFrom(node.messages("headers")),
                experiment,
                experiment.isEmpty() ? Map.of("fault", "reset") : Map.of("experiment", experiment, "fault", "reset"),
                rules.isEmpty() ? null : place.apply(rules));
    }
}
