package dev.mishap.proxy.filter.common.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.rules.ProvesFault;
import dev.mishap.proxy.rules.RuleTag;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a client sees of each DNS fault, on sockets. */
@Timeout(60)
class DnsFaultsTest {
    private FakeResolver resolver;
    private ProxyUnderTest proxy;
    private final List<String> logged = new CopyOnWriteArrayList<>();

    private final AccessLog log = (info, request, response, trailers) -> {
        StringBuilder flags = new StringBuilder();
        for (int i = 0; i < info.flagCount(); i++) {
            flags.append(info.flag(i).shortName());
        }
        Map<String, Object> mishap = info.dynamicMetadata(RuleTag.METADATA_NAMESPACE);
        logged.add(info.dns.name() + " " + info.dns.type() + " " + info.responseCode + " " + flags
                + (mishap == null || !mishap.containsKey("experiment")
                        ? ""
                        : " " + mishap.get("experiment") + " " + mishap.get("fault"))
                + (mishap == null || !mishap.containsKey("dry_run")
                        ? ""
                        : " dry " + mishap.get("dry_run") + " " + mishap.get("dry_run_fault")));
    };

    @BeforeEach
    void start() throws IOException {
        resolver = new FakeResolver();
        proxy = new ProxyUnderTest(log, c -> c, resolver.address());
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        resolver.close();
    }

    private static String seen(byte[] answer) {
        return "rcode " + Dns.rcode(answer) + (Dns.truncated(answer) ? " TC" : "")
                + (Dns.answers(answer) == 0 ? "" : " " + Dns.record(answer));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "                                                   | rcode 0 192.0.2.1 300 | asked",
                "dns servfail                                       | rcode 2               |",
                "dns nxdomain                                       | rcode 3               |",
                "dns refused                                        | rcode 5               |",
                "dns empty                                          | rcode 0               |",
                "dns truncate                                       | rcode 0 TC            |",
                "dns address 10.0.0.7,::7                           | rcode 0 10.0.0.7 60   |",
                "dns ttl 5s                                         | rcode 0 192.0.2.1 5   | asked",
                "dns nxdomain when name = db.internal               | rcode 3               |",
                "dns nxdomain when name = other                     | rcode 0 192.0.2.1 300 | asked",
                "dns nxdomain when name $= .internal                | rcode 3               |",
                "dns nxdomain when name ^= db.                      | rcode 3               |",
                "dns nxdomain when name ~ d[a-c][.]internal         | rcode 3               |",
                "dns nxdomain when type = AAAA                      | rcode 0 192.0.2.1 300 | asked",
                "dns nxdomain when type = A,AAAA                    | rcode 3               |",
                "dns nxdomain on listener dns                       | rcode 3               |",
                "dns nxdomain on listener web                       | rcode 0 192.0.2.1 300 | asked",
                "dns nxdomain from 127.0.0.0/8                      | rcode 3               |",
                "dns nxdomain from 10.0.0.0/8                       | rcode 0 192.0.2.1 300 | asked",
                "dns nxdomain 0%                                    | rcode 0 192.0.2.1 300 | asked",
                "dns nxdomain on cluster db                         | rcode 0 192.0.2.1 300 | asked"
            })
    @ProvesFault({"dns.servfail", "dns.nxdomain", "dns.refused", "dns.empty", "dns.truncate", "dns.address", "dns.ttl"})
    void overUdp(@Nullable String rule, String expected, @Nullable String asked) throws IOException {
        if (rule != null) {
            proxy.rules(rule);
        }
        byte[] answer = proxy.ask(Dns.query(0xbeef, "DB.internal", Dns.A));

        assertThat(seen(answer)).isEqualTo(expected);
        assertThat(Dns.id(answer)).isEqualTo(0xbeef);
        assertThat(answer).contains((byte) 'D', (byte) 'B');
        assertThat(resolver.seen).hasSize(asked == null ? 0 : 1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dns truncate  | rcode 0 192.0.2.1 300",
                "dns nxdomain  | rcode 3",
                "dns ttl 5s    | rcode 0 192.0.2.1 5"
            })
    void overTcp(String rule, String expected) throws IOException {
        proxy.rules(rule);

        assertThat(seen(proxy.askTcp(Dns.query(1, "db.internal", Dns.A)))).isEqualTo(expected);
        assertThat(proxy.stats.counter("mishap.questions_touched").value())
                .isEqualTo(rule.contains("truncate") ? 0 : 1);
    }

    @Test
    @ProvesFault("dns.delay")
    void delaysAddUpAndAnAnswerIsNeverEarly() throws IOException {
        proxy.rules("dns delay 150ms", "dns delay 50ms when name = db.internal", "dns nxdomain");
        long start = System.nanoTime();
        byte[] answer = proxy.ask(Dns.query(1, "db.internal", Dns.A));

        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(200));
        assertThat(Dns.rcode(answer)).isEqualTo(3);
        assertThat(proxy.stats.counter("mishap.questions_touched").value()).isEqualTo(1);
    }

    @Test
    void aDelayedAnswerIsTheResolversAndHasItsOtherFaults() throws IOException {
        proxy.rules("dns delay 50ms", "dns ttl 9s");

        assertThat(seen(proxy.ask(Dns.query(1, "db.internal", Dns.A)))).isEqualTo("rcode 0 192.0.2.1 9");
        assertThat(logged).containsExactly("db.internal 1 0 DI r0,r1 dns");
    }

    @Test
    @ProvesFault("dns.drop")
    void aDroppedQuestionGetsNoAnswerAndTheNextOneDoes() throws IOException {
        proxy.rules("dns drop when name = gone.internal");
        try (DatagramSocket client = proxy.socket()) {
            proxy.send(client, Dns.query(1, "gone.internal", Dns.A));
            proxy.send(client, Dns.query(2, "db.internal", Dns.A));

            assertThat(Dns.id(ProxyUnderTest.receive(client))).isEqualTo(2);
            client.setSoTimeout(100);
            assertThatThrownBy(() -> ProxyUnderTest.receive(client)).isInstanceOf(SocketTimeoutException.class);
        }
        assertThat(logged).containsExactly("gone.internal 1 0 FI r0 dns", "db.internal 1 0 ");
        assertThat(proxy.pending()).isZero();
    }

    @Test
    void anAnswerToAnEdnsQuestionIsOneToo() throws IOException {
        proxy.rules("dns nxdomain");
        byte[] answer = proxy.ask(Dns.query(1, "db.internal", Dns.A, Dns.edns()));

        assertThat(answer[11]).isEqualTo((byte) 1);
        // root, OPT, 1232 bytes, no extended code, version 0, DO
        assertThat(answer).endsWith(0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0);
    }

    @Test
    void theSameClientIsInACohortOrOutOfIt() throws IOException {
        proxy.rules("dns nxdomain cohort 50% by source seed 1");
        boolean touched = Dns.rcode(proxy.ask(Dns.query(1, "n0.internal", Dns.A))) == 3;
        for (int i = 1; i < 50; i++) {
            byte[] answer = proxy.ask(Dns.query(i, "n" + i + ".internal", Dns.A));
            assertThat(Dns.rcode(answer) == 3).isEqualTo(touched);
        }
    }

    @Test
    void aShareOfTheQuestionsIsTouchedAndTheCapHolds() throws IOException {
        proxy.rules("dns nxdomain 50% seed 1");
        int touched = 0;
        for (int i = 0; i < 400; i++) {
            touched += Dns.rcode(proxy.ask(Dns.query(i, "n" + i + ".internal", Dns.A))) == 3 ? 1 : 0;
        }
        assertThat(touched).isBetween(150, 250);
        assertThat(proxy.stats.counter("mishap.experiment.r0.touched").value()).isEqualTo(touched);
    }

    @Test
    void aClientThatIsGoneLeavesNothingBehind() throws IOException {
        proxy.rules("dns delay 1h");
        try (java.net.Socket client = proxy.connect()) {
            for (int i = 0; i < 20; i++) {
                Dns.send(client, Dns.query(i, "db.internal", Dns.A));
            }
            await(() -> proxy.pending() == 20);
        }
        await(() -> proxy.pending() == 0);
        assertThat(logged).hasSize(20).allMatch(line -> line.contains("DC"));
    }

    static void await(java.util.function.BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void aRuleThatEndsLetsGoOfTheAnswersThatItDelays() throws IOException {
        proxy.rules("dns delay 5m", "dns delay 100ms when name = slow.internal", "dns ttl 9s");
        try (DatagramSocket client = proxy.socket();
                java.net.Socket stream = proxy.connect()) {
            proxy.send(client, Dns.query(1, "db.internal", Dns.A));
            Dns.send(stream, Dns.query(2, "db.internal", Dns.A));
            proxy.send(client, Dns.query(3, "slow.internal", Dns.A));
            await(() -> proxy.pending() == 3 && resolver.seen.size() == 3);
            long start = System.nanoTime();

            proxy.rules("dns delay 100ms when name = slow.internal as r1", "dns ttl 9s as r2");

            assertThat(seen(ProxyUnderTest.receive(client))).isEqualTo("rcode 0 192.0.2.1 9");
            assertThat(seen(Dns.receive(stream))).isEqualTo("rcode 0 192.0.2.1 9");
            assertThat(Dns.id(ProxyUnderTest.receive(client))).isEqualTo(3);
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(50));
        }
        await(() -> proxy.pending() == 0);
    }

    @Test
    void aDryRunIsInTheLogAndNothingElse() throws IOException {
        proxy.rules("dns nxdomain dry-run", "dns ttl 9s", "dns servfail dry-run when name = other");

        assertThat(seen(proxy.ask(Dns.query(1, "db.internal", Dns.A)))).isEqualTo("rcode 0 192.0.2.1 9");
        proxy.rules("dns nxdomain dry-run");
        assertThat(seen(proxy.ask(Dns.query(1, "db.internal", Dns.A)))).isEqualTo("rcode 0 192.0.2.1 300");
        assertThat(logged).containsExactly("db.internal 1 0  r1 dns dry r0 dns", "db.internal 1 0  dry r0 dns");
    }

    /** A hundred changes a second while questions come as fast as they are answered: each has an answer that some rule, or none, explains. */
    @Test
    void rulesThatChangeUnderLoadLoseNoAnswer() throws Exception {
        java.util.concurrent.atomic.AtomicBoolean ended = new java.util.concurrent.atomic.AtomicBoolean();
        java.util.concurrent.atomic.AtomicInteger changes = new java.util.concurrent.atomic.AtomicInteger();
        Thread changer = new Thread(() -> {
            while (!ended.get()) {
                int n = changes.getAndIncrement();
                switch (n % 4) {
                    case 0 -> proxy.rules("dns nxdomain 50%", "dns delay 2ms 30% as d" + n);
                    case 1 -> proxy.rules("dns ttl 5s", "dns delay 5m 10% as e" + n);
                    case 2 -> proxy.rules("dns address 10.0.0.1 50%", "dns delay 1ms");
                    default -> proxy.rules();
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
            }
            proxy.rules();
        });
        changer.start();
        int answered = 0;
        try (DatagramSocket client = proxy.socket()) {
            int sent = 0;
            while (sent < 4000 || changes.get() < 100) {
                for (int i = 0; i < 20; i++) {
                    proxy.send(client, Dns.query(sent++ & 0xffff, "db.internal", Dns.A));
                }
                // Those of the delay of five minutes come when their rule has gone.
                for (; answered < sent - 100; answered++) {
                    explained(ProxyUnderTest.receive(client));
                }
            }
            ended.set(true);
            changer.join();
            for (; answered < sent; answered++) {
                explained(ProxyUnderTest.receive(client));
            }
        }
        await(() -> proxy.pending() == 0);
        assertThat(proxy.count("downstream_tx_responses")).isEqualTo(answered);
        assertThat(proxy.count("unanswered_queries")).isZero();
    }

    private static void explained(byte[] answer) {
        assertThat(seen(answer)).isIn("rcode 0 192.0.2.1 300", "rcode 3", "rcode 0 192.0.2.1 5", "rcode 0 10.0.0.1 60");
    }
}
