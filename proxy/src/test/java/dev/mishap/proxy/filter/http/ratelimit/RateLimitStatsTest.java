package dev.mishap.proxy.filter.http.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.cluster.lb.LbPolicies;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.lang.ref.WeakReference;
import java.util.List;
import org.junit.jupiter.api.Test;

class RateLimitStatsTest {
    private final RateLimitStats stats = new RateLimitStats("p");

    private static Cluster cluster(String name, StatsStore store) {
        return new Cluster(
                ClusterConfig.builder(
                                name,
                                StaticDiscovery.of(List.of(EndpointConfig.at("127.0.0.1", 1))),
                                LbPolicies.ROUND_ROBIN)
                        .build(),
                store);
    }

    @Test
    void each_cluster_of_a_name_has_its_own() {
        StatsStore one = new StatsStore();
        StatsStore two = new StatsStore();
        Cluster before = cluster("c", one);
        stats.ok(before);
        stats.ok(before);
        stats.overLimit(before, 429);
        stats.error(cluster("c", two), true);
        assertThat(one.value("cluster.c.ratelimit.p.ok")).isEqualTo(2);
        assertThat(one.value("cluster.c.ratelimit.p.over_limit")).isEqualTo(1);
        assertThat(one.value("cluster.c.upstream_rq_429")).isEqualTo(1);
        assertThat(two.value("cluster.c.ratelimit.p.error")).isEqualTo(1);
        assertThat(two.value("cluster.c.ratelimit.p.failure_mode_allowed")).isEqualTo(1);
    }

    @Test
    void a_cluster_that_is_gone_is_not_kept() {
        WeakReference<StatsStore> gone = countIn(new StatsStore());
        for (int i = 0; i < 50 && gone.get() != null; i++) {
            System.gc();
        }
        assertThat(gone.get()).isNull();
    }

    private WeakReference<StatsStore> countIn(StatsStore store) {
        stats.ok(cluster("c", store));
        return new WeakReference<>(store);
    }
}
