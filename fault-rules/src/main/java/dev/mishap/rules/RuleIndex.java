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
 * telling one that can be looked up (an exact header, an exact path, a path's prefix, a route, a cluster, a listener) or
 * among those that are always asked. Sets of rules are bits in the rules' order, so that the order is kept for nothing.
 */
final class RuleIndex {
    private final int words;
    private final long[] always;
    private final Map<String, long[]> paths = new HashMap<>();
    private final Map<String, long[]> routes = new HashMap<>();
    private final Map<String, long[]> clusters = new HashMap<>();
    private final Map<String, long[]> listeners = new HashMap<>();
    private final Prefix prefixes = new Prefix();
    private int[] headerSlots = {};
    private final List<Map<String, long[]>> headers = new ArrayList<>();

    private RuleIndex(int rules) {
        words = rules + 63 >> 6;
        always = new long[words];
    }

    static RuleIndex build(CompiledRule[] rules, HeaderSlots slots) {
        RuleIndex index = new RuleIndex(rules.length);
        for (int i = 0; i < rules.length; i++) {
            index.add(i, rules[i].rule.scope(), slots);
        }
        return index;
    }

    private void add(int rule, Scope scope, HeaderSlots slots) {
        for (HeaderMatcher header : scope.headers()) {
            StringMatcher value = header.value();
            if (value != null && value.kind() == StringMatcher.Kind.EXACT && !header.invert()) {
                set(headerMap(slots.slot(header.name())), value.text(), rule);
                return;
            }
        }
        StringMatcher path = scope.path();
        if (path != null && path.kind() == StringMatcher.Kind.EXACT) {
            set(paths, path.text(), rule);
        } else if (path != null && path.kind() == StringMatcher.Kind.PREFIX) {
            mark(prefixes.node(path.text()).rules(words), rule);
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

    private Map<String, long[]> headerMap(int slot) {
        for (int i = 0; i < headerSlots.length; i++) {
            if (headerSlots[i] == slot) {
                return headers.get(i);
            }
        }
        headerSlots = Arrays.copyOf(headerSlots, headerSlots.length + 1);
        headerSlots[headerSlots.length - 1] = slot;
        headers.add(new HashMap<>());
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
        long[] bits = scratch.candidates;
        if (bits.length != words) {
            bits = new long[words];
            scratch.candidates = bits;
        }
        System.arraycopy(always, 0, bits, 0, words);
        for (int i = 0; i < headerSlots.length; i++) {
            add(bits, headers.get(i), request.header(headerSlots[i]));
        }
        add(bits, paths, request.path());
        add(bits, routes, request.route());
        add(bits, clusters, request.cluster());
        add(bits, listeners, request.listener());
        if (!prefixes.isLeaf()) {
            prefixes.collect(request.path(), bits);
        }
        return bits;
    }

    private static void add(long[] bits, Map<String, long[]> map, @Nullable String key) {
        if (key != null && !map.isEmpty()) {
            or(bits, map.get(key));
        }
    }

    private static void or(long[] bits, long @Nullable [] more) {
        if (more != null) {
            for (int i = 0; i < bits.length; i++) {
                bits[i] |= more[i];
            }
        }
    }

    /** A node of a tree over characters; the rules at a node have the way to it as their prefix. */
    private static final class Prefix {
        private char[] characters = {};
        private Prefix[] children = {};
        private long @Nullable [] rules;

        boolean isLeaf() {
            return children.length == 0;
        }

        Prefix node(String prefix) {
            Prefix node = this;
            for (int i = 0; i < prefix.length(); i++) {
                node = node.childFor(prefix.charAt(i));
            }
            return node;
        }

        private Prefix childFor(char c) {
            int at = Arrays.binarySearch(characters, c);
            if (at >= 0) {
                return children[at];
            }
            int insert = -at - 1;
            char[] moreCharacters = new char[characters.length + 1];
            Prefix[] moreChildren = new Prefix[children.length + 1];
            System.arraycopy(characters, 0, moreCharacters, 0, insert);
            System.arraycopy(characters, insert, moreCharacters, insert + 1, characters.length - insert);
            System.arraycopy(children, 0, moreChildren, 0, insert);
            System.arraycopy(children, insert, moreChildren, insert + 1, children.length - insert);
            moreCharacters[insert] = c;
            moreChildren[insert] = new Prefix();
            characters = moreCharacters;
            children = moreChildren;
            return children[insert];
        }

        long[] rules(int words) {
            if (rules == null) {
                rules = new long[words];
            }
            return rules;
        }

        void collect(String path, long[] bits) {
            Prefix node = this;
            for (int i = 0; i < path.length(); i++) {
                int at = Arrays.binarySearch(node.characters, path.charAt(i));
                if (at < 0) {
                    return;
                }
                node = node.children[at];
                or(bits, node.rules);
            }
        }
    }
}
