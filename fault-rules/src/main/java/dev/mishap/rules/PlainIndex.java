package dev.mishap.rules;

import dev.mishap.rules.match.StringMatcher;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the few rules of many that a connection of either side or a DNS question can be in the scope of, as {@link RuleIndex} does for requests:
 * each rule stands under the most telling condition of its scope that can be looked up, or among those that are always asked.
 */
final class PlainIndex {
    private final int words;
    private final long[] always;
    private final TextIndex names;
    private final Map<Integer, long[]> ports = new HashMap<>();
    private final Map<String, long[]> clusters = new HashMap<>();
    private final Map<String, long[]> listeners = new HashMap<>();

    private PlainIndex(int rules) {
        words = rules + 63 >> 6;
        always = new long[words];
        names = new TextIndex(words);
    }

    static PlainIndex build(CompiledRule[] rules) {
        PlainIndex index = new PlainIndex(rules.length);
        for (int i = 0; i < rules.length; i++) {
            index.add(i, rules[i].rule.scope());
        }
        return index;
    }

    private void add(int rule, Scope scope) {
        StringMatcher name = scope.sni() == null ? scope.question().name() : scope.sni();
        if (name != null && TextIndex.canHold(name)) {
            names.add(name, rule);
        } else if (!scope.destination().ports().isEmpty()) {
            scope.destination().ports().forEach(port -> mark(ports, port, rule));
        } else if (!scope.endpoints().ports().isEmpty()) {
            scope.endpoints().ports().forEach(port -> mark(ports, port, rule));
        } else if (!scope.clusters().isEmpty()) {
            scope.clusters().forEach(each -> mark(clusters, each, rule));
        } else if (!scope.listeners().isEmpty()) {
            scope.listeners().forEach(each -> mark(listeners, each, rule));
        } else {
            mark(always, rule);
        }
    }

    private <K> void mark(Map<K, long[]> map, K key, int rule) {
        mark(map.computeIfAbsent(key, k -> new long[words]), rule);
    }

    private static void mark(long[] bits, int rule) {
        bits[rule >> 6] |= 1L << rule;
    }

    long[] candidates(ConnectionView connection) {
        long[] bits = always.clone();
        names.collect(connection.serverName(), bits);
        if (!ports.isEmpty()) {
            or(bits, ports.get(connection.destinationPort()));
        }
        add(bits, clusters, connection.cluster());
        add(bits, listeners, connection.listener());
        return bits;
    }

    long[] candidates(UpstreamView connection) {
        long[] bits = always.clone();
        if (!ports.isEmpty()) {
            or(bits, ports.get(connection.port()));
        }
        add(bits, clusters, connection.cluster());
        return bits;
    }

    long[] candidates(QuestionView question) {
        long[] bits = always.clone();
        names.collect(question.name(), bits);
        add(bits, clusters, question.cluster());
        add(bits, listeners, question.listener());
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
}
