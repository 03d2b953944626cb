package dev.mishap.proxy.filter.http.headertometadata;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.ArrayList;
import java.util.List;

/** {@code header_to_metadata.v3.Config}, resolved. */
record MetadataRules(List<MetadataRule> request, List<MetadataRule> response) {
    static final String FILTER = "envoy.extensions.filters.http.header_to_metadata.v3.Config";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER).supported("request_rules", "response_rules"),
            SupportedFields.of(FILTER + ".Rule")
                    .supported("header", "cookie", "on_header_present", "on_header_missing", "remove"),
            SupportedFields.of(FILTER + ".KeyValuePair")
                    .supported("metadata_namespace", "key", "value", "regex_value_rewrite", "type", "encode"));

    static MetadataRules from(ConfigNode node) {
        return new MetadataRules(rules(node, "request_rules"), rules(node, "response_rules"));
    }

    private static List<MetadataRule> rules(ConfigNode node, String field) {
        List<MetadataRule> rules = new ArrayList<>();
        for (ConfigNode rule : node.messages(field)) {
            rules.add(MetadataRule.from(rule));
        }
        return List.copyOf(rules);
    }
}
