package dev.mishap.rules;

import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the few rules of many that a request can be in the scope of. Each rule stands under one condition of its scope, the most
 * telling one that can be looked up (a header or path that is equal to, begins or ends with, or contains a text; a route, a cluster, a listener, a
 * node, a range of sources) or among those that are always asked. Sets of rules are bits in the rules' order, so that the order is kept for nothing.
 */
final class RuleIndex {
    /** A text of fewer characters tells less than the name of a route, a cluster or a listener. */
    private static final int TELLING = 4;

    private final int words;
    private final long[] always;
    private final TextIndex paths;
    private final Map<String, long[]> routes = new HashMap<>();
    private final Map<String, long[]> clusters = new HashMap<>();
    private final Map<String, long[]> listeners = new HashMap<>();
    private final RangeIndex sources;
    private int[] headerSlots = {};
    private final List<TextIndex> headers = new ArrayList<>();

    private RuleIndex(int rules) {
        words = rules + 63 >> 6;
        always = new long[words];
        paths = new TextIndex(words);
        sources = new RangeIndex(words);
    }

    static RuleIndex build(CompiledRule[] rules, HeaderSlots slots) {
        RuleIndex index = new RuleIndex(rules.length);
        for (int i = 0; i < rules.length; i++) {
            index.add(i, rules[i].rule.scope(), slots);
        }
        index.paths.link();
        index.headers.forEach(TextIndex::link);
        return index;
    }

    private void add(int rule, Scope scope, HeaderSlots slots) {
        HeaderMatcher header = null;
        StringMatcher best = TextIndex.canHold(scope.path()) ? scope.path() : null;
        for (HeaderMatcher each : scope.headers()) {
            StringMatcher value = each.value();
            if (!each.invert()
                    && value != null
                    && TextIndex.canHold(value)
                    && (best == null || TextIndex.weight(value) >= TextIndex.weight(best))) {
                header = each;
                best = value;
            }
        }
        boolean named = !scope.routes().isEmpty()
                || !scope.clusters().isEmpty()
                || !scope.listeners().isEmpty();
        if (best != null && (!named || TextIndex.weight(best) >= TELLING)) {
            (header == null ? paths : headerIndex(slots.slot(header.name()))).add(best, rule);
        } else if (!scope.routes().isEmpty()) {
            scope.routes().forEach(name -> set(routes, name, rule));
        } else if (!scope.clusters().isEmpty()) {
            scope.clusters().forEach(name -> set(clusters, name, rule));
        } else if (!scope.listeners().isEmpty()) {
            scope.listeners().forEach(name -> set(listeners, name, rule));
        } else if (!scope.source().nodes().isEmpty()) {
            TextIndex nodes = headerIndex(slots.slot(ScopeMatcher.NODE_HEADER));
            scope.source().nodes().forEach(node -> nodes.add(StringMatcher.exact(node), rule));
        } else if (!scope.source().cidrs().isEmpty()) {
            sources.add(scope.source().cidrs(), rule);
        } else {
            mark(always, rule);
        }
    }

    private TextIndex headerIndex(int slot) {
        for (int i = 0; i < headerSlots.length; i++) {
            if (headerSlots[i] == slot) {
                return headers.get(i);
            }
        }
        headerSlots = Arrays.copyOf(headerSlots, headerSlots.length + 1);
        headerSlots[headerSlots.length - 1] = slot;
        headers.add(new TextIndex(words));
        return headers.get(headers.size() - 1);
    }

    private void set(Map<String, long[]> map, String key, int rule) {
        mark(map.computeIfAbsent(key, k -> new long[words]), rule);
    }

    private static void mark(long[] bits, int rule) {
        bits[rule >> 6] |= 1L << rule;
    }

    /** The rules to ask, as bits; valid until the scratch is used again. */
    long[] candidates(RequestView request, RuleSet.Scratch scratch) {
        long[] bits = scratch.bits(always);
        for (int i = 0; i < headerSlots.length; i++) {
            headers.get(i).collect(request.header(headerSlots[i]), bits);
        }
        paths.collect(request.path(), bits);
        add(bits, routes, request.route());
        add(bits, clusters, request.cluster());
        add(bits, listeners, request.listener());
        if (!sources.isEmpty()) {
            sources.collect(request.sourceAddress(), bits);
        }
        return bits;
    }

    private static void add(long[] bits, Map<String, long[]> map, @Nullable String key) {
        long[] more = key == null || map.isEmpty() ? null : map.get(key);
        if (more != null) {
            for (int i = 0; i < bits.length; i++) {
                bits[i] |= more[i];
            }
        }
    }
}
