package dev.mishap.proxy.observe.sink;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.observe.stats.TagExtractor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatsdFormatTest {
    private final StatsStore store = new StatsStore();

    private List<String> lines(StatsdFormat.Dialect dialect) {
        List<String> lines = new ArrayList<>();
        store.flush();
        new StatsdFormat(dialect, "pre", new TagExtractor(Map.of("team", "x"), List.of(), true))
                .write(store.snapshot(), lines::add);
        return lines;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PLAIN    | pre.cluster.u1.upstream_rq_200:2/c",
                "DOG      | pre.cluster.upstream_rq:2/c/#envoy.cluster_name:u1,envoy.response_code:200,team:x",
                "GRAPHITE | pre.cluster.upstream_rq;envoy.cluster_name=u1;envoy.response_code=200;team=x:2/c",
            })
    void tags(StatsdFormat.Dialect dialect, String line) {
        store.counter("cluster.u1.upstream_rq_200").add(2);
        assertThat(lines(dialect)).hasSize(1);
        store.counter("cluster.u1.upstream_rq_200").add(2);
        List<String> expected = sorted(line.replace('/', '|'));
        assertThat(sorted(lines(dialect).get(0))).isEqualTo(expected);
    }

    /** Tags have no order. */
    private static List<String> sorted(String line) {
        List<String> parts = new ArrayList<>(List.of(line.split("[;,#]")));
        parts.sort(null);
        return parts.size() > 1
                ? parts.stream().map(p -> p.replaceAll(":2\\|c$", "")).sorted().toList()
                : parts;
    }

    @Test
    void tags_may_come_with_a_stat() {
        TagExtractor.Tagged tagged = new TagExtractor.Tagged("n", List.of(new TagExtractor.Tag("at", "1.2.3.4:5")));
        store.add(v -> v.stat("n.1_2_3_4_5", tagged, true, 2));
        assertThat(lines(StatsdFormat.Dialect.PLAIN)).containsExactly("pre.n.1_2_3_4_5:2|c");
        assertThat(lines(StatsdFormat.Dialect.DOG)).containsExactly("pre.n:0|c|#team:x,at:1.2.3.4:5");
    }

    @Test
    void counters_are_deltas_and_values_of_histograms_come_one_by_one() {
        store.counter("c").add(5);
        store.gauge("g").set(7);
        store.counter("never");
        store.histogram("h", Histogram.Unit.MILLISECONDS).record(12);
        store.histogram("h", Histogram.Unit.MILLISECONDS).record(12);
        assertThat(lines(StatsdFormat.Dialect.PLAIN))
                .containsExactly("pre.c:5|c", "pre.g:7|g", "pre.h:12|ms", "pre.h:12|ms");
        store.counter("c").inc();
        assertThat(lines(StatsdFormat.Dialect.PLAIN)).containsExactly("pre.c:1|c", "pre.g:7|g");
        store.resetCounters();
        store.counter("c").add(2);
        assertThat(lines(StatsdFormat.Dialect.PLAIN)).startsWith("pre.c:2|c");
        for (int i = 0; i < 1000; i++) {
            store.histogram("h", Histogram.Unit.MILLISECONDS).record(3);
        }
        assertThat(lines(StatsdFormat.Dialect.PLAIN)).contains("pre.h:3|ms|@0.001000");
    }
}
