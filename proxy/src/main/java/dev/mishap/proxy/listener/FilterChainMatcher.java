package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.matching.ConnectionFacts;
import dev.mishap.proxy.filter.common.matching.ConnectionInput;
import dev.mishap.proxy.filter.common.matching.MatchTree;
import dev.mishap.proxy.transport.ConnectionInfo;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code Listener.filter_chain_matcher}: a tree of matchers whose leaves name filter chains. Immutable. */
final class FilterChainMatcher {
    static final List<SupportedFields> FIELDS = ConnectionInput.FIELDS;

    private static final String NAME = "google.protobuf.StringValue";

    private final MatchTree<String> tree;

    private FilterChainMatcher(MatchTree<String> tree) {
        this.tree = tree;
    }

    /** That of {@code listener}, or null when it has none. */
    static @Nullable FilterChainMatcher from(ConfigNode listener) {
        ConfigNode node = listener.message("filter_chain_matcher");
        if (node == null) {
            return null;
        }
        Set<String> names = new HashSet<>();
        for (ConfigNode chain : listener.messages("filter_chains")) {
            String name = chain.string("name");
            if (name.isEmpty()) {
                throw new ListenerException("\"name\" field is required when using a listener matcher");
            }
            if (!names.add(name)) {
                throw new ListenerException("\"name\" field is duplicated with value '" + name + "'");
            }
        }
        try {
            return new FilterChainMatcher(MatchTree.from(node, ConnectionInput::from, FilterChainMatcher::name));
        } catch (ConfigException e) {
            throw new ConfigException("cannot create a filter chain matcher: " + e.getMessage());
        }
    }

    private static String name(ConfigNode extension) {
        ConfigNode config = extension.required("typed_config");
        if (!config.messageName().equals(NAME)) {
            throw new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                    + "' with type URL: '" + config.messageName() + "'");
        }
        return config.string("value");
    }

    /** The name of the filter chain, or null when nothing matches. There need not be one of that name. */
    @Nullable
    String find(ConnectionInfo connection) {
        return tree.find(new ConnectionFacts(connection));
    }
}
