package dev.mishap.proxy.cluster.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.AddressText;
import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.ClusterContext;
import dev.mishap.proxy.cluster.ClusterFeature;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.HealthFlag;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.cluster.lb.LbPolicies;
import dev.mishap.proxy.dns.DnsOptions;
import dev.mishap.proxy.dns.LookupFamily;
import dev.mishap.proxy.dns.Resolver;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DnsRefreshTest {
    private final MockTicker ticker = Ticker.newMockTicker();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(ticker).build();
    private final StatsStore stats = new StatsStore();
    private final Deque<Answer> answers = new ArrayDeque<>();
    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger ready = new AtomicInteger();

    private record Answer(@Nullable Throwable failure, List<InetAddress> addresses, long ttl) {}

    private final Resolver resolver = new Resolver() {
        @Override
        public void resolve(String name, LookupFamily family, Callback callback) {
            asked.incrementAndGet();
            Answer a = answers.removeFirst();
            callback.onAnswer(a.failure, a.addresses, a.ttl);
        }

        @Override
        public void close() {}
    };

    private final ClusterContext context = new ClusterContext() {
        @Override
        public Scope root() {
            return stats;
        }

        @Override
        public EventLoop loop() {
            return channel.eventLoop();
        }

        @Override
        public Resolver resolver(DnsOptions options, String cluster) {
            return resolver;
        }
    };

    private Cluster start(boolean respectTtl, boolean logical) {
        return start(respectTtl, logical, null);
    }

    private Cluster start(boolean respectTtl, boolean logical, @Nullable ClusterFeature feature) {
        DnsConfig dns = new DnsConfig(
                LoadAssignment.of(List.of(EndpointConfig.at("a.test", 80))),
                5_000_000_000L,
                1_000_000_000L,
                1_000_000_000L,
                respectTtl,
                0,
                LookupFamily.AUTO,
                logical,
                true,
                DnsOptions.DEFAULT);
        ClusterManager clusters = new ClusterManager(context, node -> {
            throw new UnsupportedOperationException();
        });
        ClusterConfig.Builder config = ClusterConfig.builder("c", dns, LbPolicies.ROUND_ROBIN);
        if (feature != null) {
            config.feature(feature);
        }
        clusters.addStatic(config.build(), null);
        clusters.start(channel.eventLoop(), ready::incrementAndGet);
        Cluster cluster = clusters.get("c");
        assertThat(cluster).isNotNull();
        return cluster;
    }

    /** Says that health is checked, and never checks. */
    private static final ClusterFeature CHECKS = new ClusterFeature() {
        @Override
        public Runnable start(Cluster cluster, Runnable initialized) {
            initialized.run();
            return () -> {};
        }

        @Override
        public boolean checksHealth() {
            return true;
        }
    };

    @Test
    void an_address_that_is_gone_stays_while_it_is_healthy() {
        answer(-1, "10.0.0.1", "10.0.0.2");
        Cluster cluster = start(false, false, CHECKS);
        Endpoint first = cluster.members().all().get(0);
        answer(-1, "10.0.0.2");
        again();
        assertThat(cluster.members().all()).hasSize(2).contains(first);
        assertThat(first.has(HealthFlag.PENDING_DYNAMIC_REMOVAL)).isTrue();
        answer(-1, "10.0.0.1", "10.0.0.2");
        again();
        assertThat(first.has(HealthFlag.PENDING_DYNAMIC_REMOVAL)).isFalse();
        first.set(HealthFlag.FAILED_ACTIVE_HC, true);
        answer(-1, "10.0.0.2");
        again();
        assertThat(cluster.members().all()).hasSize(1).doesNotContain(first);
    }

    private void again() {
        ticker.advance(5, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
    }

    private void answer(long ttl, String... addresses) {
        List<InetAddress> all = new ArrayList<>();
        try {
            for (String a : addresses) {
                all.add(InetAddress.getByName(a));
            }
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
        answers.add(new Answer(null, all, ttl));
    }

    private void fail() {
        answers.add(new Answer(new UnknownHostException(), List.of(), -1));
    }

    private void advance(long millis) {
        ticker.advance(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    private static List<String> addresses(Cluster c) {
        return c.endpoints().all().stream()
                .map(e -> e.toString().replace(":80", ""))
                .toList();
    }

    @Test
    void an_endpoint_stays_itself_while_its_address_stays() {
        answer(1, "10.0.0.1", "10.0.0.2");
        answer(1, "10.0.0.2", "10.0.0.3");
        Cluster c = start(false, false);
        assertThat(addresses(c)).containsExactly("10.0.0.1", "10.0.0.2");
        assertThat(ready).hasValue(1);
        Endpoint second = c.endpoints().all().get(1);
        assertThat(second.hostname()).isEqualTo("a.test");
        advance(4_999);
        assertThat(asked).hasValue(1);
        advance(1);
        assertThat(addresses(c)).containsExactly("10.0.0.2", "10.0.0.3");
        assertThat(c.endpoints().all().get(0)).isSameAs(second);
        assertThat(stats.value("cluster.c.membership_change")).isEqualTo(2);
        assertThat(stats.value("cluster.c.membership_total")).isEqualTo(2);
        assertThat(ready).hasValue(1);
    }

    @Test
    void the_ttl_counts_when_it_is_to() {
        answer(2, "10.0.0.1");
        answer(2, "10.0.0.1");
        start(true, false);
        advance(1_999);
        assertThat(asked).hasValue(1);
        advance(1);
        assertThat(asked).hasValue(2);
        assertThat(stats.value("cluster.c.update_no_rebuild")).isEqualTo(1);
    }

    @Test
    void a_failure_keeps_what_was_known_and_is_tried_again_in_its_time() {
        answer(-1, "10.0.0.1");
        fail();
        answer(-1);
        Cluster c = start(false, false);
        advance(5_000);
        assertThat(addresses(c)).containsExactly("10.0.0.1");
        assertThat(stats.value("cluster.c.update_failure")).isEqualTo(1);
        advance(1_000);
        assertThat(asked).hasValue(3);
        assertThat(addresses(c)).as("the name has no address any more").isEmpty();
        assertThat(stats.value("cluster.c.update_empty")).isEqualTo(1);
    }

    @Test
    void a_first_failure_does_not_hold_up_the_start() {
        fail();
        Cluster c = start(false, false);
        assertThat(ready).hasValue(1);
        assertThat(addresses(c)).isEmpty();
    }

    @Test
    void a_logical_host_is_one_address() {
        answer(-1, "10.0.0.1", "10.0.0.2");
        answer(-1);
        Cluster c = start(false, true);
        assertThat(addresses(c)).containsExactly("10.0.0.1");
        assertThat(c.endpoints().all().get(0).addresses())
                .as("the others are tried when the first can't be reached")
                .map(AddressText::of)
                .containsExactly("10.0.0.1:80", "10.0.0.2:80");
        advance(5_000);
        assertThat(addresses(c)).as("an empty answer changes nothing").containsExactly("10.0.0.1");
    }
}
