package dev.mishap.proxy.filter.http.headermutation;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.observe.log.SubstitutionFormatter;
import dev.mishap.proxy.route.HeaderMutations;
import dev.mishap.proxy.route.HeaderMutationsConfig;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one configuration of the filter changes, in its order: {@code header_mutation.v3.Mutations}. Immutable. */
record Mutations(
        List<HeaderMutations> request,
        List<QueryMutation> query,
        List<HeaderMutations> response,
        List<HeaderMutations> requestTrailers,
        List<HeaderMutations> responseTrailers) {
    static final String FILTER = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";
    static final String PER_ROUTE = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER).supported("mutations", "most_specific_header_mutations_wins"),
            SupportedFields.of(PER_ROUTE).supported("mutations"),
            SupportedFields.of("envoy.extensions.filters.http.header_mutation.v3.Mutations")
                    .supported(
                            "request_mutations",
                            "query_parameter_mutations",
                            "response_mutations",
                            "request_trailers_mutations",
                            "response_trailers_mutations"),
            SupportedFields.of("envoy.config.common.mutation_rules.v3.HeaderMutation")
                    .supported("remove", "append", "remove_on_match"),
            SupportedFields.of("envoy.config.common.mutation_rules.v3.HeaderMutation.RemoveOnMatch")
                    .supported("key_matcher"),
            SupportedFields.of("envoy.config.core.v3.KeyValueMutation").supported("append", "remove"),
            SupportedFields.of("envoy.config.core.v3.KeyValueAppend").supported("record", "entry", "action"),
            SupportedFields.of("envoy.config.core.v3.KeyValuePair").supported("key", "value"),
            SupportedFields.of("envoy.config.core.v3.KeyValue").supported("key", "value"));

    /** What is done with a parameter that the query may have already. */
    enum Action {
        APPEND_IF_EXISTS_OR_ADD,
        ADD_IF_ABSENT,
        OVERWRITE_IF_EXISTS_OR_ADD,
        OVERWRITE_IF_EXISTS
    }

    /**
     * One change of a query parameter.
     *
     * @param name one char a byte
     * @param value what it is set to, or null to remove the parameter
     */
    record QueryMutation(
            String name, Action action, @Nullable SubstitutionFormatter value) {}

    static Mutations from(@Nullable ConfigNode node) {
        if (node == null) {
            return new Mutations(List.of(), List.of(), List.of(), List.of(), List.of());
        }
        List<QueryMutation> query = new ArrayList<>();
        for (ConfigNode mutation : node.messages("query_parameter_mutations")) {
            query.add(query(mutation));
        }
        return new Mutations(
                HeaderMutationsConfig.oneByOne(node.messages("request_mutations"), true),
                List.copyOf(query),
                HeaderMutationsConfig.oneByOne(node.messages("response_mutations"), false),
                HeaderMutationsConfig.oneByOne(node.messages("request_trailers_mutations"), true),
                HeaderMutationsConfig.oneByOne(node.messages("response_trailers_mutations"), false));
    }

    private static QueryMutation query(ConfigNode node) {
        ConfigNode append = node.message("append");
        String removed = node.string("remove");
        if (append == null) {
            if (removed.isEmpty()) {
                throw new ConfigException("One of 'append'/'remove' must be specified.");
            }
            return new QueryMutation(WireText.encode(removed), Action.OVERWRITE_IF_EXISTS, null);
        }
        if (!removed.isEmpty()) {
            throw new ConfigException("Only one of 'append'/'remove can be specified.");
        }
        Action action = Action.valueOf(append.enumName("action"));
        ConfigNode record = append.message("record");
        if (record != null) {
            // A Value, of which only a string has a meaning here.
            Object value = record.struct("value");
            if (!(value instanceof String text)) {
                throw new ConfigException("Only string value is allowed for record value.");
            }
            return new QueryMutation(
                    WireText.encode(record.string("key")), action, SubstitutionFormatter.compile(text, true));
        }
        ConfigNode entry = append.message("entry");
        if (entry == null) {
            throw new ConfigException("No record specified.");
        }
        return new QueryMutation(
                WireText.encode(entry.string("key")),
                action,
                SubstitutionFormatter.compile(entry.string("value"), true));
    }

    /** Whether the query string has to be taken apart. */
    static boolean changesQuery(Mutations own, List<Object> perRoute) {
        if (!own.query.isEmpty()) {
            return true;
        }
        for (int i = 0; i < perRoute.size(); i++) {
            if (perRoute.get(i) instanceof Mutations m && !m.query.isEmpty()) {
                return true;
            }
        }
        return false;
    }
}
