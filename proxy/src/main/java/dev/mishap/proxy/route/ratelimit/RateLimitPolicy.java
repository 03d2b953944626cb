package dev.mishap.proxy.route.ratelimit;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HttpStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A list of {@code envoy.config.route.v3.RateLimit}: each makes one descriptor of a request, or none. Immutable. */
public final class RateLimitPolicy {
    /** A policy that makes no descriptor. */
    public static final RateLimitPolicy EMPTY = new RateLimitPolicy(List.of());

    private static final String MESSAGE = "envoy.config.route.v3.RateLimit";

    /** The messages that a policy is read from. */
    public static final List<SupportedFields> FIELDS = fields();

    private static List<SupportedFields> fields() {
        List<SupportedFields> all = new ArrayList<>();
        all.add(SupportedFields.of(MESSAGE).supported("stage", "actions", "hits_addend"));
        all.add(SupportedFields.of(MESSAGE + ".HitsAddend").supported("number", "is_negative_hits"));
        all.addAll(RateLimitAction.FIELDS);
        return List.copyOf(all);
    }

    /**
     * A descriptor that a request has, and how many tokens it takes from that descriptor's bucket; fewer
     * than none are given back.
     *
     * @param given whether the configuration says how many
     */
    public record Hit(Descriptor descriptor, long tokens, boolean given) {}

    private record Rule(long stage, List<RateLimitAction> actions, long tokens, boolean given) {}

    private final List<Rule> rules;

    private RateLimitPolicy(List<Rule> rules) {
        this.rules = rules;
    }

    /**
     * Reads the rate limits of a route, a virtual host or a filter.
     *
     * @param localCluster {@code node.cluster}
     */
    public static RateLimitPolicy from(List<ConfigNode> nodes, String localCluster) {
        if (nodes.isEmpty()) {
            return EMPTY;
        }
        List<Rule> rules = new ArrayList<>(nodes.size());
        for (ConfigNode node : nodes) {
            ConfigNode hits = node.message("hits_addend");
            long tokens = hits == null ? 1 : hits.integer("number", 1);
            rules.add(new Rule(
                    node.integer("stage", 0),
                    RateLimitAction.listFrom(node.messages("actions"), localCluster),
                    hits != null && hits.bool("is_negative_hits", false) ? -tokens : tokens,
                    hits != null && hits.has("number")));
        }
        return new RateLimitPolicy(List.copyOf(rules));
    }

    /** Reads those of a filter, where stages have no meaning. */
    public static RateLimitPolicy ofFilter(List<ConfigNode> nodes, String localCluster) {
        for (ConfigNode node : nodes) {
            if (node.has("stage")) {
                throw new ConfigException("'stage' field and 'disable_key' field are not supported");
            }
        }
        return from(nodes, localCluster);
    }

    public boolean isEmpty() {
        return rules.isEmpty();
    }

    /** Adds the descriptors that the request of {@code stream} has by the rules of {@code stage} to {@code hits}. */
    public void addHits(HttpStream stream, long stage, List<Hit> hits) {
        for (int i = 0; i < rules.size(); i++) {
            Rule rule = rules.get(i);
            List<Descriptor.Entry> entries = rule.stage == stage ? entries(rule.actions, stream) : null;
            if (entries != null && !entries.isEmpty()) {
                hits.add(new Hit(new Descriptor(entries), rule.tokens, rule.given));
            }
        }
    }

    /** As {@link #addHits}, but each takes one token, whatever {@code hits_addend} says: so Envoy takes the rules of routes and virtual hosts. */
    public void addSingleHits(HttpStream stream, long stage, List<Hit> hits) {
        int from = hits.size();
        addHits(stream, stage, hits);
        for (int i = from; i < hits.size(); i++) {
            Hit hit = hits.get(i);
            if (hit.given) {
                hits.set(i, new Hit(hit.descriptor, 1, false));
            }
        }
    }

    private static @Nullable List<Descriptor.Entry> entries(List<RateLimitAction> actions, HttpStream stream) {
        List<Descriptor.Entry> entries = new ArrayList<>(actions.size());
        for (int i = 0; i < actions.size(); i++) {
            if (!actions.get(i).add(stream, entries)) {
                return null;
            }
        }
        return entries;
    }
}
