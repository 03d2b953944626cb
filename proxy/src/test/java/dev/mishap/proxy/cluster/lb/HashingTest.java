package dev.mishap.proxy.cluster.lb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The picks were recorded from Envoy 1.40: header hashes of user-0 … user-59 over host-0.example:80 … host-4.example:80. */
class HashingTest {
    private final StatsStore stats = new StatsStore();

    private static LbPolicy policy(String name) {
        return switch (name) {
            case "ring" -> new RingHashPolicy(false, 1024, RingHashPolicy.MAX_SIZE, false, 0, false);
            case "murmur" -> new RingHashPolicy(true, 1024, RingHashPolicy.MAX_SIZE, false, 0, false);
            case "ringw" -> new RingHashPolicy(false, 100, RingHashPolicy.MAX_SIZE, false, 0, false);
            case "maglev" -> new MaglevPolicy(MaglevPolicy.DEFAULT_SIZE, false, 0, false);
            case "maglevw" -> new MaglevPolicy(1009, false, 0, false);
            case "bounded" -> new RingHashPolicy(false, 1024, RingHashPolicy.MAX_SIZE, false, 100, false);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static List<EndpointConfig> hosts(int n, boolean weighted) {
        List<EndpointConfig> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            all.add(EndpointConfig.at("127.0.0.1", i + 1)
                    .withWeight(weighted ? i + 1 : 1)
                    .withMetadata(Map.of("envoy.lb", Map.of("hash_key", "host-" + i + ".example:80"))));
        }
        return all;
    }

    private Cluster cluster(String policy, List<EndpointConfig> hosts) {
        return new Cluster(
                ClusterConfig.builder("c", StaticDiscovery.of(hosts), policy(policy))
                        .build(),
                stats);
    }

    private static PickContext hashed(long hash) {
        return new PickContext() {
            @Override
            public boolean hasHash() {
                return true;
            }

            @Override
            public long hash() {
                return hash;
            }
        };
    }

    private static long hash(String text) {
        byte[] b = text.getBytes(StandardCharsets.UTF_8);
        return Hashes.xxHash64(b, b.length, 0);
    }

    private static String pick(Cluster c, LoadBalancer lb, String key) {
        Endpoint e = lb.pick(c.endpoints(), hashed(hash(key)));
        assertThat(e).isNotNull();
        return String.valueOf(Integer.parseInt(e.toString().substring("127.0.0.1:".length())) - 1);
    }

    private static LoadBalancer balancer(Cluster c) {
        return c.config().lb().balancer(c, new SplittableRandom(1)::nextLong);
    }

    private static String picks(Cluster c, int n) {
        LoadBalancer lb = balancer(c);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < n; i++) {
            out.append(pick(c, lb, "user-" + i));
        }
        return out.toString();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "ring,122432342223034413033114333322143204313242201343441334202232",
        "murmur,242211342223331412143301124210303010331110010033313333231243",
        "ringw,332443341230011432024143434423244423323321343121234143232233",
        "maglev,113000102323342010301314411112244201221444420314003341234012",
        "maglevw,101401441414441244031441233332223132224234104232041221330331"
    })
    void picks_are_envoys(String name, String expected) {
        assertThat(picks(cluster(name, hosts(5, name.endsWith("w"))), 60)).isEqualTo(expected);
    }

    @Test
    void sizes_are_envoys() {
        cluster("ringw", hosts(5, true));
        assertThat(stats.value("cluster.c.ring_hash_lb.size")).isEqualTo(105);
        assertThat(stats.value("cluster.c.ring_hash_lb.min_hashes_per_host")).isEqualTo(7);
        assertThat(stats.value("cluster.c.ring_hash_lb.max_hashes_per_host")).isEqualTo(35);
        cluster("maglevw", hosts(5, true));
        assertThat(stats.value("cluster.c.maglev_lb.min_entries_per_host")).isEqualTo(68);
        assertThat(stats.value("cluster.c.maglev_lb.max_entries_per_host")).isEqualTo(335);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"ring,900", "murmur,900", "maglev,930"})
    void one_more_host_moves_only_its_share(String name, int kept) {
        LoadBalancer before = balancer(cluster(name, hosts(10, false)));
        LoadBalancer after = balancer(cluster(name, hosts(11, false)));
        Cluster ten = cluster(name, hosts(10, false));
        Cluster eleven = cluster(name, hosts(11, false));
        int moved = 0;
        int strays = 0;
        for (int i = 0; i < 1000; i++) {
            String was = pick(ten, before, "key" + i);
            String is = pick(eleven, after, "key" + i);
            if (!was.equals(is)) {
                moved++;
                strays += is.equals("10") ? 0 : 1;
            }
        }
        assertThat(moved).as("about 1 of 11").isBetween(40, 160);
        assertThat(1000 - strays).as("moved to others than the new one").isGreaterThanOrEqualTo(kept);
    }

    @Test
    void a_rejected_pick_goes_on_to_another() {
        Cluster c = cluster("maglev", hosts(5, false));
        LoadBalancer lb = balancer(c);
        String first = pick(c, lb, "a");
        Endpoint second = lb.pick(c.endpoints(), new PickContext() {
            @Override
            public boolean hasHash() {
                return true;
            }

            @Override
            public long hash() {
                return HashingTest.hash("a");
            }

            @Override
            public boolean rejects(Endpoint picked) {
                return picked.toString().endsWith(":" + (Integer.parseInt(first) + 1));
            }

            @Override
            public int retries() {
                return 20;
            }
        });
        assertThat(second).isNotNull();
        assertThat(second.toString()).doesNotEndWith(":" + (Integer.parseInt(first) + 1));
    }

    @Test
    void a_busy_host_is_passed_over_when_loads_are_bounded() {
        Cluster c = cluster("bounded", hosts(5, false));
        LoadBalancer lb = balancer(c);
        String first = pick(c, lb, "a");
        c.endpoints().all().get(Integer.parseInt(first)).rqActive.set(10);
        String second = pick(c, lb, "a");
        assertThat(second).isNotEqualTo(first);
        assertThat(pick(c, lb, "a")).as("the walk is the hash's").isEqualTo(second);
    }

    @Test
    void the_mersenne_twister_is_that_of_the_standard() {
        MersenneTwister random = new MersenneTwister(5489);
        int last = 0;
        for (int i = 0; i < 10_000; i++) {
            last = random.next();
        }
        assertThat(last & 0xffffffffL).isEqualTo(4123659995L); // C++ standard, [rand.predef]
    }

    @Test
    void hashes_are_those_of_their_specifications() {
        assertThat(Hashes.xxHash64(new byte[0], 0, 0)).isEqualTo(0xEF46DB3751D8E999L);
        byte[] long32 = "0123456789012345678901234567890123456789".getBytes(StandardCharsets.UTF_8);
        assertThat(Hashes.xxHash64(long32, long32.length, 0)).isNotZero();
    }
}
