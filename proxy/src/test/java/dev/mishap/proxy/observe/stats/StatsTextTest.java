package dev.mishap.proxy.observe.stats;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatsTextTest {
    private final StatsStore store = new StatsStore();

    private StatsText text(Map<String, String> fixed, List<TagExtractor.Expression> expressions) {
        return new StatsText(store, new TagExtractor(fixed, expressions, true), name -> StatsText.DEFAULT_BOUNDS);
    }

    private static StatsQuery query(String filter, boolean usedOnly, String buckets) {
        return new StatsQuery("All", Pattern.compile(filter), false, usedOnly, buckets);
    }

    /** Names and labels as in the output of Envoy 1.40. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cluster.u1.upstream_rq_200 | cluster.upstream_rq | envoy.response_code=200 envoy.cluster_name=u1",
                "cluster.u1.external.upstream_rq_5xx | cluster.external.upstream_rq_xx | envoy.response_code_class=5 envoy.cluster_name=u1",
                "http.ingress.fault.aborts_injected | http.fault.aborts_injected | envoy.http_conn_manager_prefix=ingress",
                "http.ingress.fault.svcA.aborts_injected | http.fault.aborts_injected | envoy.fault_downstream_cluster=svcA envoy.http_conn_manager_prefix=ingress",
                "listener.127.0.0.1_29832.downstream_cx_total | listener.downstream_cx_total | envoy.listener_address=127.0.0.1_29832",
                "listener.127.0.0.1_29832.http.ingress.downstream_rq_2xx | listener.http.downstream_rq_xx | envoy.response_code_class=2 envoy.http_conn_manager_prefix=ingress envoy.listener_address=127.0.0.1_29832",
                "listener.127.0.0.1_29832.worker_0.downstream_cx_total | listener.worker.downstream_cx_total | envoy.worker_id=0 envoy.listener_address=127.0.0.1_29832",
                "listener.admin.http.admin.downstream_rq_1xx | listener.admin.http.downstream_rq_xx | envoy.response_code_class=1 envoy.http_conn_manager_prefix=admin",
                "listener.admin.main_thread.downstream_cx_total | listener.admin.main_thread.downstream_cx_total | ''",
                "server.worker_0.watchdog_miss | server.worker.watchdog_miss | envoy.worker_id=0",
                "vhost.v.vcluster.other.upstream_rq_time | vhost.vcluster.upstream_rq_time | envoy.virtual_cluster=other envoy.virtual_host=v",
                "cluster_manager.active_clusters | cluster_manager.active_clusters | ''",
                "cluster.u1 | cluster.u1 | ''",
            })
    void takesTagsOut(String stat, String name, String tags) {
        TagExtractor.Tagged tagged = new TagExtractor(Map.of(), List.of(), true).extract(stat);
        assertThat(tagged.name()).isEqualTo(name);
        assertThat(tagged.tags().stream().map(t -> t.name() + "=" + t.value()))
                .containsExactly(tags.isEmpty() ? new String[0] : tags.split(" "));
    }

    @Test
    void prometheusOrdersTagsAsEnvoy() {
        store.counter("cluster.u.1.upstream_rq_503").inc();
        Map<String, String> fixed = new LinkedHashMap<>();
        fixed.put("team", "x");
        fixed.put("fx", "v\"1");
        List<TagExtractor.Expression> own =
                List.of(new TagExtractor.Expression("my.tag", Pattern.compile("^cluster\\.((.+?)\\.)1\\.")));
        assertThat(text(fixed, own).prometheus(query("", true, "none")))
                .isEqualTo("# TYPE envoy_cluster_1_upstream_rq counter\n"
                        + "envoy_cluster_1_upstream_rq{envoy_response_code=\"503\",team=\"x\",fx=\"v\\\"1\","
                        + "envoy_cluster_name=\"u\",my_tag=\"u\"} 1\n");
    }

    @Test
    void usedOnlyKeepsAGaugeThatCameBackToZero() {
        store.counter("a.c");
        store.gauge("a.g").inc();
        store.gauge("a.g").dec();
        store.gauge("a.h");
        StatsText text = text(Map.of(), List.of());
        assertThat(text.text(query("^a", true, "none"))).isEqualTo("a.g: 0\n");
        assertThat(text.text(query("^a", false, "none"))).isEqualTo("a.c: 0\na.g: 0\na.h: 0\n");
        assertThat(text.json(query("^a", true, "none"))).isEqualTo("{\"stats\":[{\"name\":\"a.g\",\"value\":0}]}");
    }

    @Test
    void histogramsInAllForms() {
        Histogram h = store.histogram("h_ms", Histogram.Unit.MILLISECONDS);
        StatsText text = text(Map.of(), List.of());
        assertThat(text.text(query("", false, "none"))).isEqualTo("h_ms: No recorded values\n");
        h.record(0);
        h.record(1);
        h.record(5);
        store.flush();
        assertThat(text.text(query("", false, "none")))
                .isEqualTo("h_ms: P0(0,0) P25(0,0) P50(1.05,1.05) P75(5.05,5.05) P90(5.05,5.05) P95(5.05,5.05)"
                        + " P99(5.05,5.05) P99.5(5.05,5.05) P99.9(5.05,5.05) P100(5.05,5.05)\n");
        assertThat(text.text(query("", false, "cumulative")))
                .startsWith("h_ms: B0.5(1,1) B1(2,2) B5(3,3) ")
                .endsWith(" B1.8e+06(3,3) B3.6e+06(3,3)\n");
        assertThat(text.text(query("", false, "disjoint"))).startsWith("h_ms: B0.5(1,1) B1(1,1) B5(1,1) B10(0,0) ");
        assertThat(text.text(query("", false, "detailed")))
                .startsWith(
                        "h_ms:\n  totals=0,0:1, 1,0.1:1, 5,0.1:1\n  intervals=0,0:1, 1,0.1:1, 5,0.1:1\n  summary=P0(0,0)");
        assertThat(text.prometheus(query("", false, "none")))
                .startsWith(
                        "# TYPE envoy_h_ms histogram\nenvoy_h_ms_bucket{le=\"0.5\"} 1\nenvoy_h_ms_bucket{le=\"1\"} 2\n")
                .endsWith("envoy_h_ms_bucket{le=\"+Inf\"} 3\nenvoy_h_ms_sum{} 6.0971239981140969987905009475071\n"
                        + "envoy_h_ms_count{} 3\n");
        assertThat(text.prometheus(query("", false, "summary")))
                .contains("envoy_h_ms{quantile=\"0.995\"} 5.049999999999999822364316059975\n");
    }

    @Test
    void rejectedNamesCountUnseen() {
        StatsStore some = new StatsStore(name -> !name.startsWith("http."));
        Counter hidden = some.scope("http.").counter("x");
        hidden.inc();
        some.counter("127.0.0.1:80.y").inc();
        assertThat(hidden.value()).isEqualTo(1);
        assertThat(some.counters()).extracting(Counter::name).containsExactly("127.0.0.1_80.y");
    }
}
