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
 * telling one that can be looked up (a header or path that is equal, begins or ends with a text; a route, a cluster, a listener)
 * or among those that are always asked. Sets of rules are bits in the rules' order, so that the order is kept for nothing.
 */
final class RuleIndex {
    private final int words;
    private final long[] always;
    private final TextIndex paths;
    private final Map<String, long[]> routes = new HashMap<>();
    private final Map<String, long[]> clusters = new HashMap<>();
    private final Map<String, long[]> listeners = new HashMap<>();
    private int[] headerSlots = {};
    private final List<TextIndex> headers = new ArrayList<>();

    private RuleIndex(int rules) {
        words = rules + 63 >> 6;
        always = new long[words];
        paths = new TextIndex(words);
    }

    static RuleIndex build(CompiledRule[] rules, HeaderSlots slots) {
        RuleIndex index = new RuleIndex(rules.length);
        for (int i = 0; i < rules.length; i++) {
            index.add(i, rules[i].rule.scope(), slots);
        }
        return index;
    }

    private void add(int rule, Scope scope, HeaderSlots slots) {
        HeaderMatcher header = null;
        StringMatcher best = TextIndex.canHold(scope.path()) ? scope.path() : null;
        for (HeaderMatcher each : scope.headers()) {
            StringMatcher value = each.value();
            if (!each.invert() && TextIndex.canHold(value) && (best == null || weight(value) >= weight(best))) {
                header = each;
                best = value;
            }
        }
        if (best != null) {
            (header == null ? paths : headerIndex(slots.slot(header.name()))).add(best, rule);
        } else if (!scope.routes().isEmpty()) {
            scope.routes().forEach(name -> set(routes, name, rule));
        } else if (!scope.clusters().isEmpty()) {
            scope.clusters().forEach(name -> set(clusters, name, rule));
        } else if (!scope.listeners().isEmpty()) {
            scope.listeners().forEach(name -> set(listeners, name, rule));
        } else {
            mark(always, rule);
        }
    }

    /** How few texts pass, about: equal is best, then the longer one. */
    private static int weight(@Nullable StringMatcher matcher) {
        return matcher == null
                ? 0
                : matcher.kind() == StringMatcher.Kind.EXACT
                        ? Integer.MAX_VALUE
                        : matcher.text().length();
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
