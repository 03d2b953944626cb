package dev.mishap.proxy.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.dns.LookupFamily;
import dev.mishap.proxy.dns.Resolver;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.text.RuleLine;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuledResolverTest {
    private static final InetAddress V4 = DnsFault.literal("192.0.2.1");
    private static final InetAddress V6 = DnsFault.literal("2001:db8::1");

    private final MockTicker ticker = Ticker.newMockTicker();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(ticker).build();
    private final StatsStore stats = new StatsStore(name -> true);
    private final RuleStore store = new RuleStore(ticker, channel.eventLoop(), stats, () -> 7);
    private final List<String> asked = new ArrayList<>();
    private final List<String> told = new ArrayList<>();

    private final Resolver inner = new Resolver() {
        @Override
        public void resolve(String name, LookupFamily family, Callback callback) {
            asked.add(name + " " + family);
            callback.onAnswer(
                    null,
                    family.choose(family.asksV4() ? List.of(V4) : List.of(), family.asksV6() ? List.of(V6) : List.of()),
                    60);
        }

        @Override
        public void close() {}
    };

    private void rules(String... lines) {
        List<dev.mishap.rules.FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "r" + i));
        }
        store.replaceOwn(rules);
    }

    private void resolve(String name, LookupFamily family) {
        new RuledResolver(store, inner, channel.eventLoop(), "db", 5000, stats).resolve(name, family, this::told);
    }

    private void told(@Nullable Throwable failure, List<InetAddress> addresses, long ttl) {
        List<String> texts = addresses.stream().map(InetAddress::getHostAddress).toList();
        told.add(failure == null ? texts + " " + ttl : "failed: " + failure.getMessage());
    }

    private void advance(long millis) {
        ticker.advance(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "                                    | V4_ONLY | [192.0.2.1] 60",
                "dns nxdomain                        | V4_ONLY | [] -1",
                "dns nxdomain when name = other      | V4_ONLY | [192.0.2.1] 60",
                "dns nxdomain on cluster db          | V4_ONLY | [] -1",
                "dns nxdomain on cluster web         | V4_ONLY | [192.0.2.1] 60",
                "dns empty when type = AAAA          | AUTO    | [192.0.2.1] 60",
                "dns servfail                        | V4_ONLY | failed: SERVFAIL for DB.internal.",
                "dns refused when type = A           | V4_PREFERRED | [2001:db8:0:0:0:0:0:1] 60",
                "dns address 10.0.0.7,::7            | ALL     | [0:0:0:0:0:0:0:7, 10.0.0.7] -1",
                "dns ttl 5s                          | V4_ONLY | [192.0.2.1] 5",
                "dns truncate                        | V4_ONLY | [192.0.2.1] 60"
            })
    void whatIsTold(@Nullable String rule, LookupFamily family, String expected) {
        if (rule != null) {
            rules(rule);
        }
        resolve("DB.internal.", family);
        assertThat(told).containsExactly(expected);
    }

    @Test
    void delaysAddUpAndAreNeverShort() {
        rules("dns delay 2s", "dns delay 1s when name = db.internal");
        resolve("db.internal", LookupFamily.V4_ONLY);
        advance(2999);
        assertThat(told).isEmpty();
        advance(1);
        assertThat(told).containsExactly("[192.0.2.1] 60");
        assertThat(stats.counter("mishap.questions_touched").value()).isEqualTo(1);
    }

    @Test
    void aDroppedQuestionFailsAfterTheTimeOut() {
        rules("dns drop");
        resolve("db.internal", LookupFamily.V4_ONLY);
        assertThat(asked).isEmpty();
        advance(4999);
        assertThat(told).isEmpty();
        advance(1);
        assertThat(told).containsExactly("failed: no answer for db.internal");
    }

    @Test
    void anAddressIsNoQuestion() {
        rules("dns nxdomain");
        resolve("192.0.2.9", LookupFamily.V4_ONLY);
        assertThat(asked).containsExactly("192.0.2.9 V4_ONLY");
    }

    @Test
    void aRuleThatEndsLetsGoOfWhatItDelaysAndWithholds() {
        rules("dns delay 1h when name = a as d", "dns drop when name = b as w", "dns delay 2s when name = b as e");
        resolve("a", LookupFamily.V4_ONLY);
        resolve("b", LookupFamily.V4_ONLY);

        store.deleteRule("d", true);
        channel.runPendingTasks();
        advance(0);
        assertThat(told).containsExactly("[192.0.2.1] 60");

        store.deleteRule("w", true);
        channel.runPendingTasks();
        advance(1999);
        assertThat(told).hasSize(1);
        advance(1);
        assertThat(told).hasSize(2).last().isEqualTo("failed: no answer for b");
    }
}
