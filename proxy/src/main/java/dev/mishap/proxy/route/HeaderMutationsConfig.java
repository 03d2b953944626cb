package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.JoinedHeaders;
import dev.mishap.proxy.route.HeaderMutations.Addition;
import dev.mishap.proxy.route.HeaderMutations.AppendAction;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.ArrayList;
import java.util.List;

/** Reads {@code request_} and {@code response_headers_to_add} and {@code _to_remove}. */
public final class HeaderMutationsConfig {
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.core.v3.HeaderValueOption")
                    .supported("header", "append", "append_action", "keep_empty_value"),
            SupportedFields.of("envoy.config.core.v3.HeaderValue").supported("key", "value", "raw_value"));

    private HeaderMutationsConfig() {}

    /**
     * The mutations of one message.
     *
     * @param side {@code request} or {@code response}
     */
    public static HeaderMutations from(ConfigNode node, String side) {
        List<HeaderName> removals = new ArrayList<>();
        for (String name : node.strings(side + "_headers_to_remove")) {
            if (isReserved(name)) {
                throw new ConfigException(":-prefixed or host headers may not be removed");
            }
            removals.add(HeaderName.of(name));
        }
        List<Addition> additions = additions(node.messages(side + "_headers_to_add"), side.equals("request"));
        return removals.isEmpty() && additions.isEmpty()
                ? HeaderMutations.NONE
                : new HeaderMutations(removals, additions);
    }

    /** Only additions, to a response, as {@code local_reply_config} has them. */
    public static HeaderMutations ofAdditions(List<ConfigNode> options) {
        return new HeaderMutations(List.of(), additions(options, false));
    }

    /** {@code envoy.config.common.mutation_rules.v3.HeaderMutation}, each by itself, so that a later one sees what the one before did. */
    public static List<HeaderMutations> oneByOne(List<ConfigNode> mutations, boolean ofRequest) {
        List<HeaderMutations> all = new ArrayList<>(mutations.size());
        for (ConfigNode mutation : mutations) {
            ConfigNode append = mutation.message("append");
            ConfigNode matching = mutation.message("remove_on_match");
            if (matching != null) {
                all.add(HeaderMutations.ofRemoved(StringMatcher.from(matching.required("key_matcher"))));
                continue;
            }
            all.add(
                    append == null
                            ? new HeaderMutations(List.of(HeaderName.of(removed(mutation))), List.of())
                            : new HeaderMutations(List.of(), List.of(addition(append, ofRequest))));
        }
        return List.copyOf(all);
    }

    private static String removed(ConfigNode mutation) {
        String name = mutation.string("remove");
        return name.equalsIgnoreCase("host") ? ":authority" : name;
    }

    /** Only additions, to a request. */
    public static HeaderMutations ofRequestAdditions(List<ConfigNode> options) {
        return new HeaderMutations(List.of(), additions(options, true));
    }

    private static List<Addition> additions(List<ConfigNode> options, boolean ofRequest) {
        List<Addition> additions = new ArrayList<>(options.size());
        for (ConfigNode option : options) {
            additions.add(addition(option, ofRequest));
        }
        return additions;
    }

    private static Addition addition(ConfigNode option, boolean ofRequest) {
        ConfigNode header = option.required("header");
        String name = header.string("key");
        if (isReserved(name)) {
            throw new ConfigException(":-prefixed or host headers may not be modified");
        }
        AppendAction action = AppendAction.valueOf(option.enumName("append_action"));
        if (option.has("append")) {
            if (option.has("append_action")) {
                throw new ConfigException("Both append and append_action are set and it's not allowed");
            }
            action = option.bool("append", true)
                    ? AppendAction.APPEND_IF_EXISTS_OR_ADD
                    : AppendAction.OVERWRITE_IF_EXISTS_OR_ADD;
        }
        String text = header.string("value");
        HeaderFormat format =
                text.isEmpty() ? HeaderFormat.constant(header.string("raw_value")) : HeaderFormat.compile(text);
        HeaderName headerName = HeaderName.of(name);
        return new Addition(
                headerName,
                format,
                action,
                option.bool("keep_empty_value", false),
                ofRequest ? JoinedHeaders.inRequest(headerName) : JoinedHeaders.inResponse(headerName));
    }

    private static boolean isReserved(String name) {
        return name.startsWith(":") || name.equalsIgnoreCase("host");
    }
}
