package dev.mishap.proxy.cluster.lb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.ClusterContext;
import dev.mishap.proxy.cluster.CommonLbConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.HealthFlag;
import dev.mishap.proxy.cluster.HealthStatus;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Distributions over localities and priorities; seeded, so that a failure is a change and not bad luck. */
class LocalityTest {
    private final StatsStore stats = new StatsStore();
    private final List<LoadAssignment.Group> groups = new ArrayList<>();
    private @Nullable Cluster local;

    private final ClusterContext context = new ClusterContext() {
        @Override
        public Scope root() {
            return stats;
        }

        @Override
        public Locality here() {
            return new Locality("", "a", "");
        }

        @Override
        public @Nullable Cluster localCluster() {
            return local;
        }
    };

    private LocalityTest zone(String zone, int weight, int healthy, int sick) {
        return at(zone, 0, weight, healthy, sick);
    }

    private LocalityTest at(String zone, int priority, int weight, int healthy, int sick) {
        Locality l = new Locality("", zone, "");
        List<EndpointConfig> all = new ArrayList<>();
        for (int i = 0; i < healthy + sick; i++) {
            all.add(EndpointConfig.at("127.0.0.1", 1000 + groups.size() * 100 + i)
                    .in(l, priority)
                    .withHealth(i < healthy ? HealthStatus.HEALTHY : HealthStatus.UNHEALTHY));
        }
        groups.add(new LoadAssignment.Group(l, priority, weight, all));
        return this;
    }

    private Cluster cluster(String name, LbPolicy lb) {
        Cluster c = new Cluster(
                ClusterConfig.builder(
                                name,
                                new StaticDiscovery(new LoadAssignment(name, groups, LoadAssignment.Policy.DEFAULT)),
                                lb)
                        .common(CommonLbConfig.DEFAULT)
                        .build(),
                context);
        groups.clear();
        return c;
    }

    private static Map<String, Integer> zones(Cluster c, int n) {
        LoadBalancer lb = c.config().lb().balancer(c, new SplittableRandom(11)::nextLong);
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < n; i++) {
            Endpoint e = lb.pick(c.endpoints(), PickContext.NONE);
            counts.merge(e == null ? "none" : e.locality().zone(), 1, Integer::sum);
        }
        return counts;
    }

    /** Pearson's statistic of observed counts against expected shares. */
    private static double chiSquare(Map<String, Integer> counts, Map<String, Double> shares) {
        int n = counts.values().stream().mapToInt(i -> i).sum();
        double sum = 0;
        for (Map.Entry<String, Double> e : shares.entrySet()) {
            double expected = n * e.getValue();
            double off = counts.getOrDefault(e.getKey(), 0) - expected;
            sum += off * off / expected;
        }
        return sum;
    }

    private static LbPolicy weighted() {
        return new RoundRobinPolicy(SlowStartConfig.OFF, LocalityConfig.DEFAULT.withWeighted(true));
    }

    @Test
    void localities_are_picked_by_weight() {
        Cluster c = zone("a", 1, 5, 0).zone("b", 3, 1, 0).zone("c", 0, 4, 0).cluster("c", weighted());
        assertThat(zones(c, 400)).isEqualTo(Map.of("a", 100, "b", 300));
    }

    @Test
    void a_sick_locality_weighs_less() {
        // 1 of 2 healthy x 1.4 = 70 % of its weight.
        Cluster c = zone("a", 10, 1, 1).zone("b", 7, 1, 0).cluster("c", weighted());
        assertThat(zones(c, 140)).isEqualTo(Map.of("a", 70, "b", 70));
    }

    @Test
    void requests_stay_in_their_zone_when_it_can_take_them() {
        local = zone("a", 0, 1, 0).zone("b", 0, 1, 0).cluster("local", LbPolicies.ROUND_ROBIN);
        Cluster c = zone("b", 0, 3, 0).zone("a", 0, 3, 0).cluster("c", LbPolicies.ROUND_ROBIN);
        assertThat(zones(c, 100)).isEqualTo(Map.of("a", 100));
        assertThat(stats.value("cluster.c.lb_zone_routing_all_directly")).isEqualTo(100);
    }

    @Test
    void what_a_zone_cannot_take_goes_to_those_that_have_room() {
        // Half of us is in zone a, which has a quarter of the upstreams: half of our requests stay there.
        local = zone("a", 0, 2, 0).zone("b", 0, 1, 0).zone("c", 0, 1, 0).cluster("local", LbPolicies.ROUND_ROBIN);
        Cluster c = zone("a", 0, 2, 0).zone("b", 0, 4, 0).zone("c", 0, 2, 0).cluster("c", LbPolicies.ROUND_ROBIN);
        Map<String, Integer> counts = zones(c, 4000);
        assertThat(counts).containsOnlyKeys("a", "b");
        assertThat(chiSquare(counts, Map.of("a", 0.5, "b", 0.5))).isLessThan(10.8); // 1 degree of freedom, p = 0.001
        assertThat(stats.value("cluster.c.lb_zone_routing_sampled")
                        + stats.value("cluster.c.lb_zone_routing_cross_zone"))
                .isEqualTo(4000);
    }

    @Test
    void a_small_cluster_is_not_routed_by_zone() {
        local = zone("a", 0, 1, 0).zone("b", 0, 1, 0).cluster("local", LbPolicies.ROUND_ROBIN);
        Cluster c = zone("a", 0, 2, 0).zone("b", 0, 2, 0).cluster("c", LbPolicies.ROUND_ROBIN);
        assertThat(zones(c, 100)).isEqualTo(Map.of("a", 50, "b", 50));
        assertThat(stats.value("cluster.c.lb_zone_cluster_too_small")).isPositive();
    }

    @Test
    void load_goes_to_the_degraded_when_the_healthy_are_too_few() {
        Cluster c = at("a", 0, 0, 1, 3).at("b", 1, 0, 1, 0).cluster("c", LbPolicies.ROUND_ROBIN);
        // 1 of 4 x 1.4 = 35 % at the first priority, the rest at the second.
        Map<String, Integer> counts = zones(c, 4000);
        assertThat(chiSquare(counts, Map.of("a", 0.35, "b", 0.65))).isLessThan(10.8);
        Endpoint second = c.members().priorities().get(1).all().get(0);
        second.set(HealthFlag.DEGRADED_ACTIVE_HC, true);
        c.healthChanged();
        assertThat(stats.value("cluster.c.membership_degraded")).isEqualTo(1);
        assertThat(chiSquare(zones(c, 4000), Map.of("a", 0.35, "b", 0.65)))
                .as("the healthy take what they can, the degraded the rest")
                .isLessThan(10.8);
    }
}
