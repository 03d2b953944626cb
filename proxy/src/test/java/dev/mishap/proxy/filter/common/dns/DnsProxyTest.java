package dev.mishap.proxy.filter.common.dns;

import static dev.mishap.proxy.filter.common.dns.DnsFaultsTest.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.observe.log.AccessLog;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The proxy without faults, before resolvers that work, stall, lie and go. */
@Timeout(60)
class DnsProxyTest {
    private final List<AutoCloseable> open = new ArrayList<>();

    private FakeResolver resolver() throws IOException {
        FakeResolver resolver = new FakeResolver();
        open.add(resolver);
        return resolver;
    }

    private ProxyUnderTest proxy(UnaryOperator<DnsProxyConfig> change, InetSocketAddress... upstreams)
            throws IOException {
        ProxyUnderTest proxy = new ProxyUnderTest(AccessLog.NONE, change, upstreams);
        open.add(proxy);
        return proxy;
    }

    private static InetSocketAddress nobody() throws IOException {
        try (DatagramSocket free = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), free.getLocalPort());
        }
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    @Test
    void messagesPassUnchangedButForTheIdUpstream() throws IOException {
        FakeResolver resolver = resolver();
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());
        byte[] query = Dns.query(0x1234, "WwW.ExAmPlE.cOm", 65, Dns.edns());
        byte[] answer = proxy.ask(query);

        byte[] asked = resolver.seen.get(0).message();
        assertThat(Dns.withId(asked, 0x1234)).isEqualTo(query);
        assertThat(answer).isEqualTo(Dns.withId(Dns.answer(query, 0, 300, "192.0.2.1"), 0x1234));
        assertThat(Dns.withId(proxy.askTcp(query), 0x1234)).isEqualTo(answer);
        assertThat(resolver.seen.get(1).tcp()).isTrue();
    }

    @Test
    void idsAndPortsUpstreamAreDrawn() throws IOException {
        FakeResolver resolver = resolver();
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());
        for (int i = 0; i < 200; i++) {
            proxy.ask(Dns.query(7, "n" + i, Dns.A));
        }
        Set<Integer> ids = new HashSet<>();
        Set<Integer> ports = new HashSet<>();
        resolver.seen.forEach(s -> {
            ids.add(Dns.id(s.message()));
            ports.add(s.port());
        });
        assertThat(ids).hasSizeGreaterThan(190);
        assertThat(ports).hasSizeGreaterThan(4);
    }

    @Test
    void anAnswerWithAnotherIdOrQuestionIsNobodys() throws IOException {
        FakeResolver resolver = resolver();
        resolver.answers((query, tcp) -> List.of(
                Dns.withId(Dns.answer(query, 0, 1, "6.6.6.1"), Dns.id(query) ^ 1),
                Dns.answer(Dns.query(Dns.id(query), "evil.example", Dns.A), 0, 1, "6.6.6.2"),
                Dns.answer(Dns.query(Dns.id(query), "db.internal", Dns.AAAA), 0, 1, "6.6.6.3"),
                query, // not an answer at all
                new byte[3],
                Dns.answer(query, 0, 300, "192.0.2.1")));
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());

        assertThat(Dns.record(proxy.ask(Dns.query(1, "db.internal", Dns.A)))).isEqualTo("192.0.2.1 300");
        assertThat(proxy.count("upstream_mismatched_responses")).isEqualTo(5);
    }

    @Test
    void aSecondAnswerIsNobodysEither() throws IOException {
        FakeResolver resolver = resolver();
        resolver.answers(
                (query, tcp) -> List.of(Dns.answer(query, 0, 300, "192.0.2.1"), Dns.answer(query, 0, 300, "6.6.6.6")));
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());
        for (int i = 0; i < 20; i++) {
            assertThat(Dns.record(proxy.ask(Dns.query(i, "db.internal", Dns.A))))
                    .isEqualTo("192.0.2.1 300");
        }
        await(() -> proxy.count("upstream_mismatched_responses") == 20);
    }

    @Test
    void aNameThatTheServerFoldedIsTheSameName() throws IOException {
        FakeResolver resolver = resolver();
        resolver.answers((query, tcp) ->
                List.of(Dns.answer(Dns.query(Dns.id(query), "db.internal", Dns.A), 0, 300, "192.0.2.1")));
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());

        assertThat(Dns.record(proxy.ask(Dns.query(1, "DB.Internal", Dns.A)))).isEqualTo("192.0.2.1 300");
    }

    @Test
    void theNextResolverIsAskedWhenOneStalls() throws IOException {
        FakeResolver stalled = resolver();
        stalled.answers((query, tcp) -> List.of());
        FakeResolver good = resolver();
        ProxyUnderTest proxy = proxy(c -> ProxyUnderTest.withTimeout(c, 100, 2), stalled.address(), good.address());

        assertThat(Dns.record(proxy.ask(Dns.query(1, "db.internal", Dns.A)))).isEqualTo("192.0.2.1 300");
        assertThat(proxy.count("upstream_timeouts")).isEqualTo(1);
        // it is asked last for a while
        proxy.ask(Dns.query(2, "db.internal", Dns.A));
        assertThat(stalled.seen).hasSize(1);
        assertThat(good.seen).hasSize(2);
    }

    @Test
    void nobodyAnswers() throws IOException {
        FakeResolver stalled = resolver();
        stalled.answers((query, tcp) -> List.of());
        ProxyUnderTest proxy = proxy(c -> ProxyUnderTest.withTimeout(c, 50, 3), stalled.address());
        byte[] answer = proxy.ask(Dns.query(9, "db.internal", Dns.A));

        assertThat(Dns.rcode(answer)).isEqualTo(2);
        assertThat(Dns.id(answer)).isEqualTo(9);
        assertThat(stalled.seen).hasSize(3);
        assertThat(proxy.count("unanswered_queries")).isEqualTo(1);
        assertThat(Dns.rcode(proxy.askTcp(Dns.query(9, "db.internal", Dns.A)))).isEqualTo(2);
        assertThat(proxy.pending()).isZero();
    }

    @Test
    void aPortWhereNobodyListensIsToldAtOnce() throws IOException {
        FakeResolver good = resolver();
        ProxyUnderTest proxy = proxy(c -> c, nobody(), good.address());

        assertThat(Dns.record(proxy.ask(Dns.query(1, "db.internal", Dns.A)))).isEqualTo("192.0.2.1 300");
        assertThat(Dns.record(proxy.askTcp(Dns.query(1, "db.internal", Dns.A)))).isEqualTo("192.0.2.1 300");
        assertThat(proxy.count("upstream_timeouts")).isZero();
    }

    @Test
    void servfailOfOneResolverIsNotTheLastWord() throws IOException {
        FakeResolver broken = resolver();
        broken.answers((query, tcp) -> List.of(Dns.answer(query, 2, 0)));
        FakeResolver good = resolver();
        ProxyUnderTest proxy = proxy(c -> c, broken.address(), good.address());

        assertThat(Dns.record(proxy.ask(Dns.query(1, "db.internal", Dns.A)))).isEqualTo("192.0.2.1 300");
        good.answers((query, tcp) -> List.of(Dns.answer(query, 5, 0)));
        assertThat(Dns.rcode(proxy.ask(Dns.query(1, "db.internal", Dns.A)))).isEqualTo(5);
    }

    @Test
    void aTruncatedAnswerPassesAndTheWholeOneIsHadOverTcp() throws IOException {
        FakeResolver resolver = resolver();
        resolver.answers((query, tcp) -> {
            byte[] large = Dns.withCounts(Dns.large(query, 60_000), 1);
            byte[] truncated = Dns.answer(query, 0, 0);
            truncated[2] |= 2;
            return List.of(tcp ? large : truncated);
        });
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());
        byte[] query = Dns.query(1, "large.internal", Dns.TXT);

        assertThat(Dns.truncated(proxy.ask(query))).isTrue();
        assertThat(proxy.askTcp(query)).isEqualTo(Dns.withCounts(Dns.large(query, 60_000), 1));
    }

    @Test
    void aLargeAnswerOverUdpPassesAndOneThatIsTooLargeIsTruncated() throws IOException {
        FakeResolver resolver = resolver();
        AtomicInteger size = new AtomicInteger(4_000);
        resolver.answers((query, tcp) -> List.of(Dns.withCounts(Dns.large(query, size.get()), 1)));
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());
        byte[] query = Dns.query(1, "large.internal", Dns.TXT, Dns.edns());

        assertThat(proxy.ask(query)).hasSizeGreaterThan(4_000);
        size.set(20_000);
        assertThat(Dns.truncated(proxy.ask(query))).isTrue();
    }

    @Test
    void questionsOfOneConnectionDoNotWaitForEachOther() throws IOException {
        FakeResolver resolver = resolver();
        resolver.answers(
                (query, tcp) -> new String(query, java.nio.charset.StandardCharsets.ISO_8859_1).contains("never")
                        ? List.of()
                        : List.of(Dns.answer(query, 0, 300, "192.0.2.1")));
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());
        try (Socket client = proxy.connect()) {
            Dns.send(client, Dns.query(1, "never", Dns.A));
            Set<Integer> ids = new HashSet<>();
            for (int i = 2; i < 202; i++) {
                Dns.send(client, Dns.query(i, "n" + i, Dns.A));
            }
            for (int i = 2; i < 202; i++) {
                ids.add(Dns.id(Dns.receive(client)));
            }
            assertThat(ids).hasSize(200);
        }
        assertThat(resolver.seen.stream().map(FakeResolver.Seen::port).distinct())
                .hasSize(1);
    }

    @Test
    void aMessageMayComeByteByByte() throws Exception {
        ProxyUnderTest proxy = proxy(c -> c, resolver().address());
        try (Socket client = proxy.connect()) {
            client.setTcpNoDelay(true);
            byte[] query = Dns.query(5, "slow.internal", Dns.A);
            client.getOutputStream().write(0);
            client.getOutputStream().write(query.length);
            for (byte b : query) {
                client.getOutputStream().write(b);
                client.getOutputStream().flush();
            }
            assertThat(Dns.id(Dns.receive(client))).isEqualTo(5);
        }
    }

    @Test
    void overTheLimitsTheAnswerIsServfailAtOnce() throws IOException {
        FakeResolver stalled = resolver();
        stalled.answers((query, tcp) -> List.of());
        ProxyUnderTest proxy = proxy(c -> ProxyUnderTest.withLimits(c, 100, 5, 0), stalled.address());
        try (DatagramSocket client = proxy.socket()) {
            for (int i = 0; i < 8; i++) {
                proxy.send(client, Dns.query(i, "n" + i, Dns.A));
            }
            for (int i = 0; i < 3; i++) {
                assertThat(Dns.rcode(ProxyUnderTest.receive(client))).isEqualTo(2);
            }
        }
        assertThat(proxy.count("client_pending_overflow")).isEqualTo(3);
        assertThat(proxy.pending()).isEqualTo(5);
    }

    @Test
    void aSocketThatIsClosedLeavesNothingBehind() throws IOException {
        FakeResolver stalled = resolver();
        stalled.answers((query, tcp) -> List.of());
        ProxyUnderTest proxy = proxy(c -> c, stalled.address());
        try (DatagramSocket client = proxy.socket()) {
            for (int i = 0; i < 20; i++) {
                proxy.send(client, Dns.query(i, "n" + i, Dns.A));
            }
            await(() -> proxy.pending() == 20);
        }
        proxy.closeUdp();
        await(() -> proxy.pending() == 0);
    }

    @Test
    void theCacheKeepsWhatItIsAskedToKeep() throws IOException {
        FakeResolver resolver = resolver();
        ProxyUnderTest proxy = proxy(c -> ProxyUnderTest.withLimits(c, 100, 100, 2), resolver.address());

        assertThat(proxy.ask(Dns.query(1, "db.internal", Dns.A))).hasSizeGreaterThan(20);
        byte[] again = proxy.ask(Dns.query(2, "DB.internal", Dns.A));
        assertThat(Dns.id(again)).isEqualTo(2);
        assertThat(again).contains((byte) 'D');
        assertThat(Dns.record(again)).startsWith("192.0.2.1 ");
        assertThat(resolver.seen).hasSize(1);
        assertThat(proxy.count("cache_hits")).isEqualTo(1);
        // another type, other flags, over TCP: other answers
        proxy.ask(Dns.query(3, "db.internal", Dns.AAAA));
        proxy.ask(Dns.query(4, "db.internal", Dns.A, Dns.edns()));
        proxy.askTcp(Dns.query(5, "db.internal", Dns.A));
        assertThat(resolver.seen).hasSize(4);
        // negative without a SOA record, and failures, are not kept
        resolver.answers((query, tcp) -> List.of(Dns.answer(query, 3, 0)));
        proxy.ask(Dns.query(6, "no.internal", Dns.A));
        proxy.ask(Dns.query(7, "no.internal", Dns.A));
        assertThat(resolver.seen).hasSize(6);
        proxy.rules("dns ttl 5s");
        resolver.answers((query, tcp) -> List.of(Dns.answer(query, 0, 300, "192.0.2.9")));
        proxy.ask(Dns.query(8, "kept.internal", Dns.A));
        assertThat(Dns.record(proxy.ask(Dns.query(9, "kept.internal", Dns.A)))).isEqualTo("192.0.2.9 5");
    }

    /** Its bytes are the key under which an answer is kept, so there must not be as many as a client likes. */
    @Test
    void theAnswerToALongQuestionIsNotKept() throws IOException {
        FakeResolver resolver = resolver();
        ProxyUnderTest proxy = proxy(c -> ProxyUnderTest.withLimits(c, 100, 100, 2), resolver.address());
        byte[] padding = Arrays.copyOf(new byte[] {0, 0, 41, 16, 0, 0, 0, 0, 0, 2, 92, 0, 12, 2, 88}, 615);
        for (int id = 1; id <= 2; id++) {
            assertThat(Dns.record(proxy.ask(Dns.query(id, "db.internal", Dns.A, padding))))
                    .startsWith("192.0.2.1 ");
        }
        assertThat(resolver.seen).hasSize(2);
        assertThat(proxy.count("cache_hits")).isZero();
    }

    @Test
    void hostileMessages() throws IOException {
        FakeResolver resolver = resolver();
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());
        Random random = new Random(7);
        try (DatagramSocket client = proxy.socket()) {
            for (int i = 0; i < 3000; i++) {
                byte[] message = Dns.query(i, "n" + i + ".internal", Dns.A, i % 3 == 0 ? Dns.edns() : new byte[0]);
                for (int flips = random.nextInt(6); flips >= 0; flips--) {
                    message[random.nextInt(message.length)] = (byte) random.nextInt(256);
                }
                proxy.send(client, Arrays.copyOf(message, random.nextInt(message.length + 20)));
                if (i % 50 == 0) {
                    // the socket's buffer is not to overflow; and it still serves
                    assertThat(Dns.rcode(proxy.ask(Dns.query(1, "db.internal", Dns.A))))
                            .isZero();
                }
            }
            // a pointer to itself, a name without end, no question, many, an answer
            proxy.send(client, new byte[] {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, (byte) 0xc0, 12, 0, 1, 0, 1});
            byte[] endless = new byte[600];
            Arrays.fill(endless, (byte) 1);
            proxy.send(client, endless);
            proxy.send(client, new byte[0]);
            proxy.send(client, new byte[12]);
        }
        assertThat(Dns.rcode(proxy.ask(Dns.query(1, "db.internal", Dns.A)))).isZero();
    }

    @Test
    void aResolverThatAnswersRubbish() throws IOException {
        FakeResolver resolver = resolver();
        Random random = new Random(8);
        resolver.answers((query, tcp) -> {
            byte[] answer = Dns.answer(query, 0, 300, "192.0.2.1", "192.0.2.2");
            for (int flips = random.nextInt(4); flips > 0; flips--) {
                answer[4 + random.nextInt(answer.length - 4)] = (byte) random.nextInt(256);
            }
            return List.of(
                    Arrays.copyOf(answer, 1 + random.nextInt(answer.length + 10)),
                    Dns.answer(query, 0, 9, "192.0.2.1"));
        });
        ProxyUnderTest proxy = proxy(c -> ProxyUnderTest.withLimits(c, 100, 100, 10), resolver.address());
        proxy.rules("dns ttl 5s");
        for (int i = 0; i < 1000; i++) {
            assertThat(Dns.id(proxy.ask(Dns.query(i, "n" + i, Dns.A)))).isEqualTo(i);
        }
        assertThat(proxy.pending()).isZero();
    }

    @Test
    void aConnectionThatIsNoDnsIsClosed() throws IOException {
        ProxyUnderTest proxy = proxy(c -> c, resolver().address());
        try (Socket client = proxy.connect()) {
            client.getOutputStream().write(new byte[] {0, 0});
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void manyClients() throws IOException {
        FakeResolver resolver = resolver();
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());
        List<DatagramSocket> clients = new ArrayList<>();
        try {
            // in lots, so that no socket's buffer overflows
            for (int lot = 0; lot < 300; lot += 50) {
                for (int i = lot; i < lot + 50; i++) {
                    DatagramSocket client = proxy.socket();
                    clients.add(client);
                    proxy.send(client, Dns.query(i, "n" + i, Dns.A));
                }
                for (int i = lot; i < lot + 50; i++) {
                    assertThat(Dns.id(ProxyUnderTest.receive(clients.get(i)))).isEqualTo(i);
                }
            }
        } finally {
            clients.forEach(DatagramSocket::close);
        }
    }

    @Test
    void zonesAreNotCopied() throws IOException {
        ProxyUnderTest proxy = proxy(c -> c, resolver().address());
        assertThat(Dns.rcode(proxy.askTcp(Dns.query(1, "internal", 252)))).isEqualTo(5);
    }

    @Test
    void whoHasRoomForALongAnswerGetsItOverUdp() throws IOException {
        FakeResolver resolver = resolver();
        resolver.answers((query, tcp) -> List.of(Dns.withCounts(Dns.large(query, 40_000), 1)));
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());

        assertThat(proxy.ask(Dns.query(1, "large.internal", Dns.TXT, Dns.edns(65_000))))
                .isEqualTo(Dns.withCounts(Dns.large(Dns.query(1, "large.internal", Dns.TXT), 40_000), 1));
        assertThat(Dns.truncated(proxy.ask(Dns.query(2, "large.internal", Dns.TXT, Dns.edns(8_192)))))
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        // client's room, bytes of the whole answer, whether it comes over UDP, whether the resolver is asked over TCP
        "4096, 3000, true, true",
        "4096, 5000, false, true",
        "1232, 1000, true, true",
        "512, 3000, false, false",
        "0, 3000, false, false"
    })
    void aTruncatedAnswerIsMadeWholeForWhoHasRoom(int room, int size, boolean whole, boolean again) throws IOException {
        FakeResolver resolver = resolver();
        resolver.answers((query, tcp) -> {
            byte[] truncated = Dns.answer(query, 0, 0);
            truncated[2] |= 2;
            return List.of(tcp ? Dns.withCounts(Dns.large(query, size), 1) : truncated);
        });
        ProxyUnderTest proxy = proxy(c -> c, resolver.address());
        byte[] query = room == 0
                ? Dns.query(7, "large.internal", Dns.TXT)
                : Dns.query(7, "large.internal", Dns.TXT, Dns.edns(room));

        byte[] answer = proxy.ask(query);

        assertThat(Dns.id(answer)).isEqualTo(7);
        assertThat(Dns.truncated(answer)).isEqualTo(!whole);
        assertThat(answer.length > size).isEqualTo(whole);
        assertThat(resolver.seen.stream().anyMatch(FakeResolver.Seen::tcp)).isEqualTo(again);
        assertThat(proxy.count("upstream_tcp_retries")).isEqualTo(again ? 1 : 0);
        assertThat(proxy.pending()).isZero();
    }

    /** A resolver that has no TCP is neither down nor a reason to wait. */
    @Test
    void theTruncatedAnswerServesWhereTheWholeOneCannotBeHad() throws IOException {
        FakeResolver resolver = resolver();
        resolver.answers((query, tcp) -> {
            byte[] truncated = Dns.answer(query, 0, 0);
            truncated[2] |= 2;
            return tcp ? List.of() : List.of(truncated);
        });
        ProxyUnderTest proxy = proxy(c -> ProxyUnderTest.withTimeout(c, 200, 2), resolver.address());
        byte[] query = Dns.query(1, "large.internal", Dns.TXT, Dns.edns(4096));
        assertThat(Dns.truncated(proxy.ask(query))).isTrue();
        resolver.closeTcp();
        assertThat(Dns.truncated(proxy.ask(query))).isTrue();

        assertThat(proxy.count("unanswered_queries")).isZero();
        assertThat(proxy.count("upstream_failovers")).isZero();
        assertThat(proxy.pending()).isZero();
    }
}
