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
    private final RangeIndex targets;
    private final RangeIndex sources;
    private final Map<String, long[]> regions = new HashMap<>();
    /** By name and value. */
    private final Map<String, Map<String, long[]>> labels = new HashMap<>();

    private final Map<String, long[]> types = new HashMap<>();

    private PlainIndex(int rules) {
        words = rules + 63 >> 6;
        always = new long[words];
        names = new TextIndex(words);
        targets = new RangeIndex(words);
        sources = new RangeIndex(words);
    }

    static PlainIndex build(CompiledRule[] rules) {
        PlainIndex index = new PlainIndex(rules.length);
        for (int i = 0; i < rules.length; i++) {
            index.add(i, rules[i].rule.scope());
        }
        index.names.link();
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
        } else if (!scope.destination().cidrs().isEmpty()) {
            targets.add(scope.destination().cidrs(), rule);
        } else if (!scope.endpoints().cidrs().isEmpty()) {
            targets.add(scope.endpoints().cidrs(), rule);
        } else if (!scope.source().cidrs().isEmpty()) {
            sources.add(scope.source().cidrs(), rule);
        } else if (!scope.endpoints().localities().isEmpty()) {
            scope.endpoints().localities().forEach(each -> mark(regions, each.split("/", 2)[0], rule));
        } else if (!scope.endpoints().labels().isEmpty()) {
            Map.Entry<String, String> label =
                    scope.endpoints().labels().entrySet().iterator().next();
            mark(labels.computeIfAbsent(label.getKey(), n -> new HashMap<>()), label.getValue(), rule);
        } else if (!scope.question().types().isEmpty()) {
            scope.question().types().forEach(each -> mark(types, each, rule));
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
        targets.collect(connection.destinationAddress(), bits);
        sources.collect(connection.sourceAddress(), bits);
        return bits;
    }

    long[] candidates(UpstreamView connection) {
        long[] bits = always.clone();
        if (!ports.isEmpty()) {
            or(bits, ports.get(connection.port()));
        }
        add(bits, clusters, connection.cluster());
        targets.collect(connection.address(), bits);
        add(bits, regions, connection.region());
        labels.forEach((name, values) -> add(bits, values, connection.label(name)));
        return bits;
    }

    long[] candidates(QuestionView question) {
        long[] bits = always.clone();
        names.collect(question.name(), bits);
        add(bits, clusters, question.cluster());
        add(bits, listeners, question.listener());
        add(bits, types, question.type());
        sources.collect(question.sourceAddress(), bits);
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
