package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.network.ConnectionGate;
import dev.mishap.proxy.filter.network.GateFilterFactory;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterFactory;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.json.JsonWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads {@code Listener.filter_chains} and {@code default_filter_chain}. */
final class FilterChainReader {
    private final Supplier<ChainLife> lives;
    private final Function<ChainLife, NetworkFilterContext> contexts;
    private final Map<String, FilterChain> known = new HashMap<>();

    private FilterChainReader(Supplier<ChainLife> lives, Function<ChainLife, NetworkFilterContext> contexts) {
        this.lives = lives;
        this.contexts = contexts;
    }

    /** The chains of {@code listener}; those that {@code before} has with the same configuration are taken from there. */
    static FilterChains read(
            ConfigNode listener,
            Supplier<ChainLife> lives,
            Function<ChainLife, NetworkFilterContext> contexts,
            @Nullable FilterChains before) {
        FilterChainReader reader = new FilterChainReader(lives, contexts);
        if (before != null) {
            for (FilterChain chain : before.all()) {
                reader.known.put(chain.source(), chain);
            }
        }
        FilterChainMatcher matcher = FilterChainMatcher.from(listener);
        ConfigNode byDefault = listener.message("default_filter_chain");
        if (matcher != null) {
            // What chains say of themselves is not looked at then.
            List<FilterChain> named = new ArrayList<>();
            for (ConfigNode node : listener.messages("filter_chains")) {
                named.add(reader.chain(node, FilterChainMatch.ANY));
            }
            return new FilterChains(
                    named, byDefault == null ? null : reader.chain(byDefault, FilterChainMatch.ANY), matcher);
        }
        Map<FilterChainMatch, FilterChain> matches = new HashMap<>();
        List<FilterChain> chains = new ArrayList<>();
        for (ConfigNode node : listener.messages("filter_chains")) {
            FilterChainMatch match = FilterChainMatch.from(node.message("filter_chain_match"));
            FilterChain same = matches.get(match);
            if (same != null) {
                throw new ListenerException("filter chain '" + node.string("name")
                        + "' has the same matching rules defined as '" + same.name() + "'. duplicate matcher is: "
                        + json(node.message("filter_chain_match")));
            }
            FilterChain chain = reader.chain(node, match);
            matches.put(match, chain);
            chains.add(chain);
        }
        try {
            return new FilterChains(chains, byDefault == null ? null : reader.chain(byDefault, FilterChainMatch.ANY));
        } catch (FilterChains.Duplicate e) {
            throw new ListenerException("multiple filter chains with overlapping matching rules are defined");
        }
    }

    private static String json(@Nullable ConfigNode node) {
        return node == null ? "{}" : JsonWriter.compact(node.toJson());
    }

    private FilterChain chain(ConfigNode node, FilterChainMatch match) {
        String source = json(node);
        FilterChain same = known.get(source);
        if (same != null) {
            return same;
        }
        ChainLife life = lives.get();
        NetworkFilterContext context = contexts.apply(life);
        List<ConnectionGate> gates = new ArrayList<>();
        List<PassingFilterFactory> passing = new ArrayList<>();
        TerminalFilterFactory terminal = null;
        for (NetworkFilterFactory f : NetworkFilters.of(node, context)) {
            if (f instanceof PassingFilterFactory p) {
                passing.add(p);
            } else if (f instanceof GateFilterFactory g) {
                gates.add(g.gate());
            } else if (f instanceof TerminalFilterFactory t) {
                terminal = t;
            }
        }
        return new FilterChain(
                node.string("name"),
                source,
                match,
                TransportSockets.of(node.message("transport_socket"), context),
                node.durationNanos("transport_socket_connect_timeout", 0),
                gates,
                passing,
                terminal,
                life,
                metadata(node));
    }

    /** {@code metadata.filter_metadata} by namespace, or null when there is none. */
    static @Nullable Map<String, Map<String, Object>> metadata(ConfigNode node) {
        ConfigNode metadata = node.message("metadata");
        if (metadata == null || !(metadata.struct("filter_metadata") instanceof Map<?, ?> given)) {
            return null;
        }
        Map<String, Map<String, Object>> all = new LinkedHashMap<>();
        given.forEach((namespace, fields) -> {
            Map<String, Object> copy = new LinkedHashMap<>();
            if (fields instanceof Map<?, ?> map) {
                map.forEach((k, v) -> copy.put(String.valueOf(k), v));
            }
            all.put(String.valueOf(namespace), copy);
        });
        return all;
    }
}
