package dev.mishap.proxy.cluster.lb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.CircuitBreakerConfig;
import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LoadBalancerTest {
    private final StatsStore stats = new StatsStore();
    private final List<EndpointConfig> endpoints = new ArrayList<>();

    private LoadBalancerTest with(int port, int weight, int priority, boolean healthy) {
        endpoints.add(new EndpointConfig("127.0.0.1", port, "", weight, healthy, Locality.NONE, priority, Map.of()));
        return this;
    }

    private Cluster cluster(LbPolicy lb, double panic) {
        return new Cluster(
                new ClusterConfig(
                        "c",
                        "c",
                        1,
                        endpoints,
                        null,
                        lb,
                        140,
                        panic,
                        CircuitBreakerConfig.DEFAULT,
                        CircuitBreakerConfig.DEFAULT,
                        0,
                        UpstreamHttpConfig.DEFAULT,
                        null,
                        Map.of()),
                stats);
    }

    private static Map<Integer, Integer> picks(LoadBalancer lb, int n) {
        Map<Integer, Integer> counts = new HashMap<>();
        for (int i = 0; i < n; i++) {
            Endpoint e = lb.pick();
            counts.merge(e == null ? 0 : e.address().getPort(), 1, Integer::sum);
        }
        return counts;
    }

    private static LoadBalancer balancer(Cluster c) {
        return new LoadBalancer(c, new SplittableRandom(7)::nextLong);
    }

    @Test
    void no_endpoint_no_pick() {
        assertThat(balancer(cluster(LbPolicy.ROUND_ROBIN, 50)).pick()).isNull();
    }

    @Test
    void round_robin_takes_turns() {
        with(1, 1, 0, true).with(2, 1, 0, true).with(3, 1, 0, true);
        LoadBalancer lb = balancer(cluster(LbPolicy.ROUND_ROBIN, 50));
        for (int i = 0; i < 10; i++) {
            assertThat(picks(lb, 3)).isEqualTo(Map.of(1, 1, 2, 1, 3, 1));
        }
    }

    @Test
    void weights_hold_in_every_round() {
        with(1, 3, 0, true).with(2, 1, 0, true);
        LoadBalancer lb = balancer(cluster(LbPolicy.ROUND_ROBIN, 50));
        for (int i = 0; i < 10; i++) {
            assertThat(picks(lb, 4)).isEqualTo(Map.of(1, 3, 2, 1));
        }
    }

    @Test
    void random_is_about_even() {
        with(1, 9, 0, true).with(2, 1, 0, true);
        LoadBalancer lb = balancer(cluster(new LbPolicy(LbPolicy.Kind.RANDOM, 2), 50));
        assertThat(picks(lb, 1000).get(1)).isBetween(440, 560); // 3.8 sigma around 500: weights do not count
    }

    @Test
    void least_request_shuns_the_busy_one() {
        with(1, 1, 0, true).with(2, 1, 0, true);
        Cluster c = cluster(new LbPolicy(LbPolicy.Kind.LEAST_REQUEST, 2), 50);
        c.endpoints().all().get(0).rqActive.set(10);
        // The busy one is taken only when both draws hit it: one in four.
        assertThat(picks(balancer(c), 1000).get(1)).isBetween(195, 305);
    }

    @Test
    void the_next_priority_is_for_when_the_first_is_sick() {
        with(1, 1, 0, true).with(2, 1, 1, true);
        assertThat(picks(balancer(cluster(LbPolicy.ROUND_ROBIN, 50)), 100)).isEqualTo(Map.of(1, 100));
    }

    @Test
    void load_spills_over_by_health() {
        // 1 of 2 healthy x 1.4 = 70 % stay, 30 % go on.
        with(1, 1, 0, true).with(2, 1, 0, false).with(3, 1, 1, true);
        Map<Integer, Integer> counts = picks(balancer(cluster(LbPolicy.ROUND_ROBIN, 50)), 1000);
        assertThat(counts).containsOnlyKeys(1, 3);
        assertThat(counts.get(1)).isBetween(645, 755);
    }

    @Test
    void a_priority_without_endpoints_is_passed_over() {
        with(1, 1, 2, true);
        assertThat(picks(balancer(cluster(LbPolicy.ROUND_ROBIN, 50)), 10)).isEqualTo(Map.of(1, 10));
    }

    @Test
    void panic_uses_all() {
        with(1, 1, 0, false).with(2, 1, 0, false).with(3, 1, 0, true);
        Map<Integer, Integer> counts = picks(balancer(cluster(LbPolicy.ROUND_ROBIN, 50)), 9);
        assertThat(counts).isEqualTo(Map.of(1, 3, 2, 3, 3, 3));
        assertThat(stats.value("cluster.c.lb_healthy_panic")).isEqualTo(9);
    }

    @Test
    void without_a_panic_threshold_the_sick_are_never_used() {
        with(1, 1, 0, false);
        assertThat(balancer(cluster(LbPolicy.ROUND_ROBIN, 0)).pick()).isNull();
    }
}
