package dev.mishap.proxy.cluster.lb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.CommonLbConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.HealthStatus;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LoadBalancerTest {
    private final StatsStore stats = new StatsStore();
    private final List<EndpointConfig> endpoints = new ArrayList<>();

    private LoadBalancerTest with(int port, int weight, int priority, boolean healthy) {
        endpoints.add(EndpointConfig.at("127.0.0.1", port)
                .in(Locality.NONE, priority)
                .withWeight(weight)
                .withHealth(healthy ? HealthStatus.HEALTHY : HealthStatus.UNHEALTHY));
        return this;
    }

    private Cluster cluster(LbPolicy lb, double panic) {
        return new Cluster(
                ClusterConfig.builder("c", StaticDiscovery.of(endpoints), lb)
                        .common(CommonLbConfig.DEFAULT.withPanic(panic))
                        .build(),
                stats);
    }

    private static Map<Integer, Integer> picks(Supplier<@Nullable Endpoint> lb, int n) {
        Map<Integer, Integer> counts = new HashMap<>();
        for (int i = 0; i < n; i++) {
            Endpoint e = lb.get();
            InetSocketAddress ip = e == null ? null : e.ip();
            counts.merge(ip == null ? 0 : ip.getPort(), 1, Integer::sum);
        }
        return counts;
    }

    private static Supplier<@Nullable Endpoint> balancer(Cluster c) {
        LoadBalancer lb = c.config().lb().balancer(c, new SplittableRandom(7)::nextLong);
        return () -> lb.pick(c.endpoints(), PickContext.NONE);
    }

    @Test
    void no_endpoint_no_pick() {
        assertThat(balancer(cluster(LbPolicies.ROUND_ROBIN, 50)).get()).isNull();
    }

    @Test
    void round_robin_takes_turns() {
        with(1, 1, 0, true).with(2, 1, 0, true).with(3, 1, 0, true);
        Supplier<@Nullable Endpoint> lb = balancer(cluster(LbPolicies.ROUND_ROBIN, 50));
        for (int i = 0; i < 10; i++) {
            assertThat(picks(lb, 3)).isEqualTo(Map.of(1, 1, 2, 1, 3, 1));
        }
    }

    @Test
    void weights_hold_in_every_round() {
        with(1, 3, 0, true).with(2, 1, 0, true);
        Supplier<@Nullable Endpoint> lb = balancer(cluster(LbPolicies.ROUND_ROBIN, 50));
        for (int i = 0; i < 10; i++) {
            assertThat(picks(lb, 4)).isEqualTo(Map.of(1, 3, 2, 1));
        }
    }

    @Test
    void random_is_about_even() {
        with(1, 9, 0, true).with(2, 1, 0, true);
        Supplier<@Nullable Endpoint> lb = balancer(cluster(new RandomPolicy(LocalityConfig.DEFAULT), 50));
        assertThat(picks(lb, 1000).get(1)).isBetween(440, 560); // 3.8 sigma around 500: weights do not count
    }

    @Test
    void least_request_shuns_the_busy_one() {
        with(1, 1, 0, true).with(2, 1, 0, true);
        Cluster c = cluster(
                new LeastRequestPolicy(2, false, new RuntimeDouble("", 1), SlowStartConfig.OFF, LocalityConfig.DEFAULT),
                50);
        c.endpoints().all().get(0).rqActive.set(10);
        // The busy one is taken only when both draws hit it: one in four.
        assertThat(picks(balancer(c), 1000).get(1)).isBetween(195, 305);
    }

    @Test
    void the_next_priority_is_for_when_the_first_is_sick() {
        with(1, 1, 0, true).with(2, 1, 1, true);
        assertThat(picks(balancer(cluster(LbPolicies.ROUND_ROBIN, 50)), 100)).isEqualTo(Map.of(1, 100));
    }

    @Test
    void load_spills_over_by_health() {
        // 1 of 2 healthy x 1.4 = 70 % stay, 30 % go on.
        with(1, 1, 0, true).with(2, 1, 0, false).with(3, 1, 1, true);
        Map<Integer, Integer> counts = picks(balancer(cluster(LbPolicies.ROUND_ROBIN, 50)), 1000);
        assertThat(counts).containsOnlyKeys(1, 3);
        assertThat(counts.get(1)).isBetween(645, 755);
    }

    @Test
    void a_priority_without_endpoints_is_passed_over() {
        with(1, 1, 2, true);
        assertThat(picks(balancer(cluster(LbPolicies.ROUND_ROBIN, 50)), 10)).isEqualTo(Map.of(1, 10));
    }

    @Test
    void panic_uses_all() {
        with(1, 1, 0, false).with(2, 1, 0, false).with(3, 1, 0, true);
        Map<Integer, Integer> counts = picks(balancer(cluster(LbPolicies.ROUND_ROBIN, 50)), 9);
        assertThat(counts).isEqualTo(Map.of(1, 3, 2, 3, 3, 3));
        assertThat(stats.value("cluster.c.lb_healthy_panic")).isEqualTo(9);
    }

    @Test
    void without_a_panic_threshold_the_sick_are_never_used() {
        with(1, 1, 0, false);
        assertThat(balancer(cluster(LbPolicies.ROUND_ROBIN, 0)).get()).isNull();
    }
}
