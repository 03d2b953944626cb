package dev.mishap.proxy.dns.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.dns.DnsOptions;
import dev.mishap.proxy.dns.LookupFamily;
import dev.mishap.proxy.dns.Resolver;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostCacheTest {
    private static final long SECOND = 1_000_000_000L;

    private final MockTicker ticker = Ticker.newMockTicker();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(ticker).build();
    private final StatsStore stats = new StatsStore();
    private final List<Resolver.Callback> asked = new ArrayList<>();
    private final List<String> told = new ArrayList<>();
    private int answered;

    private final Resolver resolver = new Resolver() {
        @Override
        public void resolve(String name, LookupFamily family, Callback callback) {
            asked.add(callback);
        }

        @Override
        public void close() {}
    };

    private HostCache cache(long maxHosts, long maxPending) {
        HostCacheConfig config = new HostCacheConfig(
                "c",
                LookupFamily.V4_ONLY,
                60 * SECOND,
                5 * SECOND,
                2 * SECOND,
                2 * SECOND,
                100 * SECOND,
                maxHosts,
                maxPending,
                5 * SECOND,
                DnsOptions.DEFAULT,
                List.of());
        HostCache cache = new HostCache(config, resolver, channel.eventLoop(), stats);
        cache.listen((host, address) -> told.add(host.key() + " " + address));
        return cache;
    }

    private void load(HostCache cache, String key) {
        cache.load(key, () -> answered++);
        channel.runPendingTasks();
    }

    private void answer(int question, long ttl, String... addresses) {
        List<InetAddress> all = new ArrayList<>();
        for (String a : addresses) {
            InetAddress ip = NetUtil.createInetAddressFromIpAddressString(a);
            assertThat(ip).isNotNull();
            all.add(ip);
        }
        asked.get(question).onAnswer(null, all, ttl);
    }

    private void pass(long seconds) {
        ticker.advance(seconds, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
    }

    private long stat(String name) {
        return stats.counter("dns_cache.c." + name).value();
    }

    private static CachedHost host(HostCache cache, String key) {
        CachedHost host = cache.find(key);
        assertThat(host).isNotNull();
        return host;
    }

    @ParameterizedTest
    @CsvSource({"a, a:80", "a:1, a:1", "[::1], [::1]:80", "[::1]:2, [::1]:2", "1.2.3.4, 1.2.3.4:80"})
    void hosts_are_known_with_a_port(String given, String key) {
        assertThat(HostCache.key(given, 80)).isEqualTo(key);
    }

    @Test
    void other_addresses_are_a_change_and_their_order_is_none() {
        HostCache cache = cache(9, 9);
        load(cache, "a:1");
        answer(0, 5, "10.0.0.1", "10.0.0.2", "10.0.0.3");
        assertThat(host(cache, "a:1").addresses())
                .containsExactly(
                        new InetSocketAddress("10.0.0.1", 1),
                        new InetSocketAddress("10.0.0.2", 1),
                        new InetSocketAddress("10.0.0.3", 1));
        pass(5);
        answer(1, 5, "10.0.0.1", "10.0.0.3", "10.0.0.2");
        assertThat(stat("host_address_changed")).isEqualTo(1);
        pass(5);
        answer(2, 5, "10.0.0.1", "10.0.0.4");
        assertThat(stat("host_address_changed")).isEqualTo(2);
        assertThat(told).hasSize(2);
        assertThat(host(cache, "a:1").addresses()).hasSize(2);
    }

    @Test
    void a_host_is_asked_for_once_and_again_when_its_time_is_over() {
        HostCache cache = cache(9, 9);
        load(cache, "a:1");
        load(cache, "a:1");
        assertThat(asked).hasSize(1);
        assertThat(host(cache, "a:1").answered()).isFalse();
        answer(0, 20, "10.0.0.1");
        assertThat(answered).isEqualTo(2);
        assertThat(told).containsExactly("a:1 /10.0.0.1:1");
        pass(19);
        assertThat(asked).hasSize(1);
        pass(1);
        answer(1, 1, "10.0.0.2");
        assertThat(host(cache, "a:1").address()).isEqualTo(new InetSocketAddress("10.0.0.2", 1));
        pass(4); // not sooner than the least time
        assertThat(asked).hasSize(2);
        pass(1);
        asked.get(2).onAnswer(new UnknownHostException(), List.of(), -1);
        assertThat(host(cache, "a:1").address()).isEqualTo(new InetSocketAddress("10.0.0.2", 1));
        assertThat(stat("dns_query_failure")).isEqualTo(1);
        assertThat(stat("host_address_changed")).isEqualTo(2);
    }

    @Test
    void a_host_without_address_says_why() {
        HostCache cache = cache(9, 9);
        load(cache, "nx:1");
        answer(0, -1);
        assertThat(answered).isEqualTo(1);
        assertThat(host(cache, "nx:1").address()).isNull();
        assertThat(host(cache, "nx:1").failure()).isEqualTo("cares_norecords:Domain_name_not_found");
        load(cache, "slow:1");
        pass(5);
        assertThat(answered).isEqualTo(2);
        assertThat(host(cache, "slow:1").failure()).isEqualTo("resolver_timeout");
        answer(1, 9, "10.0.0.1");
        assertThat(host(cache, "slow:1").address()).as("too late").isNull();
        assertThat(stat("dns_query_timeout")).isEqualTo(1);
    }

    @Test
    void addresses_need_no_question() {
        HostCache cache = cache(9, 9);
        load(cache, "[::1]:7");
        assertThat(asked).isEmpty();
        assertThat(host(cache, "[::1]:7").address()).isEqualTo(new InetSocketAddress("::1", 7));
    }

    @Test
    void what_nobody_asks_for_is_forgotten() {
        HostCache cache = cache(9, 9);
        load(cache, "a:1");
        answer(0, 101, "10.0.0.1");
        pass(101);
        assertThat(cache.find("a:1")).isNull();
        assertThat(told).containsExactly("a:1 /10.0.0.1:1", "a:1 null");
        assertThat(stat("host_removed")).isEqualTo(1);
    }

    @Test
    void there_are_limits() {
        HostCache cache = cache(1, 1);
        assertThat(cache.full()).isFalse();
        load(cache, "a:1");
        assertThat(cache.full()).isTrue();
        assertThat(stat("host_overflow")).isEqualTo(1);
        assertThat(cache.mayWait()).isTrue();
        assertThat(cache.mayWait()).isFalse();
        assertThat(stat("dns_rq_pending_overflow")).isEqualTo(1);
        assertThat(stats.gauge("dns_cache.c.circuit_breakers.rq_pending_open").value())
                .isEqualTo(1);
        cache.answered();
        assertThat(cache.mayWait()).isTrue();
    }
}
