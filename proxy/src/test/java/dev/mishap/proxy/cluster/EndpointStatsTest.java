package dev.mishap.proxy.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.cluster.lb.LbPolicies;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.StatsQuery;
import dev.mishap.proxy.observe.stats.StatsSnapshot;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.observe.stats.StatsText;
import dev.mishap.proxy.observe.stats.TagExtractor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EndpointStatsTest {
    /** What the configuration's matcher says has no effect, as in Envoy. */
    private final StatsStore store = new StatsStore(name -> !name.startsWith("cluster."));

    private final TagExtractor tags = new TagExtractor(Map.of("team", "x"), List.of(), true);
    private final StatsText text = new StatsText(store, tags, name -> StatsText.DEFAULT_BOUNDS);

    private static Cluster cluster(boolean perEndpoint) {
        EndpointConfig named = EndpointConfig.at("127.0.0.1", 1);
        EndpointConfig sixth = EndpointConfig.at("::1", 2).withHealth(HealthStatus.DEGRADED);
        return new Cluster(
                ClusterConfig.builder("u", StaticDiscovery.of(List.of(named, sixth)), LbPolicies.ROUND_ROBIN)
                        .statName("a.b:c")
                        .perEndpointStats(perEndpoint)
                        .build(),
                new StatsStore());
    }

    private Endpoint show(boolean perEndpoint) {
        Cluster c = cluster(perEndpoint);
        store.add(new EndpointStats(() -> List.of(c)));
        return c.endpoints().all().get(0);
    }

    private static StatsQuery query(String type, String filter) {
        return new StatsQuery(type, Pattern.compile(filter), false, true, "none");
    }

    @Test
    void they_stand_after_the_others_in_envoys_order() {
        Endpoint e = show(true);
        e.rqTotal.add(3);
        store.counter("zzz").inc();
        store.histogram("h", Histogram.Unit.MILLISECONDS).record(1);
        store.flush();
        assertThat(text.text(query("All", "zzz|127.0.0.1|^h$")).lines())
                .startsWith("zzz: 1")
                .containsSubsequence(
                        "cluster.a.b_c.endpoint.127.0.0.1_1.cx_connect_fail: 0",
                        "cluster.a.b_c.endpoint.127.0.0.1_1.cx_total: 0",
                        "cluster.a.b_c.endpoint.127.0.0.1_1.rq_error: 0",
                        "cluster.a.b_c.endpoint.127.0.0.1_1.rq_success: 0",
                        "cluster.a.b_c.endpoint.127.0.0.1_1.rq_timeout: 0",
                        "cluster.a.b_c.endpoint.127.0.0.1_1.rq_total: 3",
                        "cluster.a.b_c.endpoint.127.0.0.1_1.cx_active: 0",
                        "cluster.a.b_c.endpoint.127.0.0.1_1.rq_active: 0",
                        "cluster.a.b_c.endpoint.127.0.0.1_1.rq_pending_active: 0",
                        "cluster.a.b_c.endpoint.127.0.0.1_1.healthy: 1")
                .last()
                .asString()
                .startsWith("h:");
        assertThat(text.text(query("Gauges", "healthy")))
                .isEqualTo("cluster.a.b_c.endpoint.127.0.0.1_1.healthy: 1\n"
                        + "cluster.a.b_c.endpoint.[__1]_2.healthy: 0\n");
    }

    @Test
    void prometheus_has_the_address_as_a_label() {
        show(true);
        assertThat(text.prometheus(query("All", "cx_(total|active)"))).isEqualTo("""
                        # TYPE envoy_cluster_endpoint_cx_total counter
                        envoy_cluster_endpoint_cx_total{team="x",envoy_cluster_name="a.b_c",envoy_endpoint_address="127.0.0.1:1"} 0
                        envoy_cluster_endpoint_cx_total{team="x",envoy_cluster_name="a.b_c",envoy_endpoint_address="[::1]:2"} 0
                        # TYPE envoy_cluster_endpoint_cx_active gauge
                        envoy_cluster_endpoint_cx_active{team="x",envoy_cluster_name="a.b_c",envoy_endpoint_address="127.0.0.1:1"} 0
                        envoy_cluster_endpoint_cx_active{team="x",envoy_cluster_name="a.b_c",envoy_endpoint_address="[::1]:2"} 0
                        """);
    }

    @Test
    void sinks_are_told_what_counters_grew_by() {
        Endpoint e = show(true);
        e.rqTotal.add(3);
        assertThat(total()).isEqualTo(3);
        e.rqTotal.add(2);
        text.text(query("All", ""));
        assertThat(total()).as("whoever looked in between").isEqualTo(2);
        assertThat(total()).isZero();
        e.rqTotal.reset();
        e.rqTotal.add(1);
        assertThat(total()).as("another endpoint of that address").isEqualTo(1);
    }

    private long total() {
        StatsSnapshot.Number n = store.snapshot().counters().stream()
                .filter(c -> c.name().equals("cluster.a.b_c.endpoint.127.0.0.1_1.rq_total"))
                .findFirst()
                .orElseThrow();
        assertThat(tags.extract(n).name()).isEqualTo("cluster.endpoint.rq_total");
        return n.delta();
    }

    @Test
    void there_are_none_unless_asked_for() {
        show(false);
        assertThat(text.text(query("All", ""))).isEmpty();
        assertThat(store.snapshot().counters()).isEmpty();
    }
}
