package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.route.match.RuntimeFraction;
import java.util.List;
import java.util.Map;

/**
 * One {@code mishap.filters.http.fault.v1.HttpFault}, of the filter or of a route. Immutable.
 *
 * @param resetPartsPerMillion the share of the matching requests that is reset; 0 = none
 * @param headers matchers that must all match
 * @param experimentId {@code ""} for none
 * @param metadata dynamic metadata of a touched request
 */
record HttpFaultConfig(
        long resetPartsPerMillion, List<HeaderMatcher> headers, String experimentId, Map<String, Object> metadata) {
    static final String MESSAGE = "mishap.filters.http.fault.v1.HttpFault";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE).supported("reset", "headers", "experiment_id"),
            SupportedFields.of(MESSAGE + ".Reset").supported("percentage"));

    static HttpFaultConfig from(ConfigNode node) {
        ConfigNode reset = node.message("reset");
        String experiment = node.string("experiment_id");
        return new HttpFaultConfig(
                reset == null ? 0 : RuntimeFraction.partsPerMillion(reset.message("percentage")),
                HeaderMatcher.listFrom(node.messages("headers")),
                experiment,
                experiment.isEmpty() ? Map.of("fault", "reset") : Map.of("experiment", experiment, "fault", "reset"));
    }
}
