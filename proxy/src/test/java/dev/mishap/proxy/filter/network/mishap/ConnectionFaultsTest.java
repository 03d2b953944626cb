package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.rules.ProvesFault;
import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.text.RuleLine;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each fault of connections on real sockets: a client, the proxy, and a server that echoes. */
@Timeout(60)
class ConnectionFaultsTest {
    private static final String CONFIGURATION = """
            static_resources:
              listeners:
              - name: in
                address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.tcp_proxy
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: u}
              clusters:
              - name: u
                load_assignment:
                  cluster_name: u
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
            """;

    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicLong received = new AtomicLong();
    private ServerSocket upstream;
    private Server server;

    /** A filter that looks at the first bytes before the rules are asked. */
    private static final String WITH_LISTENER_FILTER =
            CONFIGURATION.replace("    filter_chains:", """
                listener_filters:
                - name: envoy.filters.listener.http_inspector
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector}
                filter_chains:""".indent(4).stripTrailing());

    @ParameterizedTest
    @ValueSource(
            strings = {
                "latency 50ms when port = 1",
                "connect-delay 50ms",
                "latency 50ms",
                "connect-delay 20ms|corrupt pattern 58 at 0 upstream"
            })
    void bytesThatAListenerFilterHasSeenTakeTheSameWay(String lines) throws IOException {
        stop();
        start(WITH_LISTENER_FILTER);
        rules(lines.split("[|]"));
        long start = System.nanoTime();
        try (Socket socket = connect()) {
            // The blank tells the filter at once that this is no HTTP.
            send(socket, " hello\r\n");
            assertThat(read(socket, 8)).isEqualTo(lines.contains("corrupt") ? "Xhello\r\n" : " hello\r\n");
            assertThat(System.nanoTime() - start)
                    .isGreaterThanOrEqualTo(lines.startsWith("latency 50ms when") ? 0 : 20_000_000L);
        }
    }

    @BeforeEach
    void start() throws IOException {
        start(CONFIGURATION);
    }

    private void start(String configuration) throws IOException {
        upstream = new ServerSocket();
        upstream.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        Thread acceptor = new Thread(this::accept);
        acceptor.setDaemon(true);
        acceptor.start();
        Options options = Options.of(configuration.formatted(upstream.getLocalPort()), 2, "off");
        server = new Server(options, BootstrapLoader.load(options));
        server.start();
    }

    @AfterEach
    void stop() throws IOException {
        server.rules().replaceOwn(List.of());
        server.shutdown();
        server.close();
        upstream.close();
    }

    private void accept() {
        while (true) {
            try {
                Socket socket = upstream.accept();
                accepted.incrementAndGet();
                Thread thread = new Thread(() -> echo(socket));
                thread.setDaemon(true);
                thread.start();
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void echo(Socket socket) {
        open.incrementAndGet();
        try (socket) {
            socket.setTcpNoDelay(true);
            byte[] buffer = new byte[65536];
            int n;
            while ((n = socket.getInputStream().read(buffer)) > 0) {
                received.addAndGet(n);
                socket.getOutputStream().write(buffer, 0, n);
            }
        } catch (IOException gone) {
            // The proxy broke the connection.
        } finally {
            open.decrementAndGet();
        }
    }

    private void rules(String... lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "r" + i));
        }
        server.rules().replaceOwn(rules);
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        socket.connect(server.listeners().get(0).address());
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String read(Socket socket, int bytes) throws IOException {
        return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.ISO_8859_1);
    }

    /** How a connection ended for its client. */
    private enum End {
        FIN,
        RST,
        STILL_OPEN
    }

    private static End end(Socket socket) throws IOException {
        try {
            while (true) {
                if (socket.getInputStream().read() < 0) {
                    return End.FIN;
                }
            }
        } catch (SocketTimeoutException e) {
            return End.STILL_OPEN;
        } catch (SocketException e) {
            return End.RST;
        }
    }

    private static void await(BooleanSupplier condition) {
        long limit = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("did not come true").isLessThan(limit);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private long stat(String name) {
        return server.stats().counter(name).value();
    }

    @Test
    void withoutARuleBytesPass() throws IOException {
        try (Socket socket = connect()) {
            send(socket, "hello");
            assertThat(read(socket, 5)).isEqualTo("hello");
            socket.shutdownOutput();
            assertThat(end(socket)).isEqualTo(End.FIN);
        }
    }

    @Test
    void withoutARuleAnEarlyEndPasses() throws IOException {
        try (Socket socket = connect()) {
            send(socket, "1234");
            socket.shutdownOutput();
            assertThat(read(socket, 4)).isEqualTo("1234");
            assertThat(end(socket)).isEqualTo(End.FIN);
        }
    }

    /** A client that has said its last word long before it has read the answer. */
    @Test
    void withoutARuleAHalfClosedConnectionCarriesALongAnswer() throws Exception {
        byte[] data = new byte[12 << 20];
        new Random(9).nextBytes(data);
        try (Socket socket = connect()) {
            socket.setReceiveBufferSize(16384);
            Thread writer = new Thread(() -> {
                try {
                    socket.getOutputStream().write(data);
                    socket.shutdownOutput();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            writer.start();
            byte[] back = new byte[data.length];
            DataInputStream in = new DataInputStream(socket.getInputStream());
            in.readFully(back);
            assertThat(back).isEqualTo(data);
            assertThat(end(socket)).isEqualTo(End.FIN);
            writer.join();
        }
    }

    @Test
    @ProvesFault("refuse")
    void refuse() throws IOException {
        rules("refuse");
        try (Socket socket = connect()) {
            assertThat(end(socket)).isEqualTo(End.RST);
        } catch (SocketException resetAtConnect) {
            assertThat(resetAtConnect).hasMessageContaining("reset");
        }
        assertThat(accepted).hasValue(0);
        await(() -> stat("mishap.refuse_injected") == 1);
    }

    @Test
    void whoWaitsForARuleThatEndsIsLetIn() throws IOException {
        rules("connection-limit 0 queue");
        try (Socket socket = connect()) {
            send(socket, "hello");
            await(() -> stat("mishap.connection_limit_injected") == 1);
            assertThat(accepted).hasValue(0);
            rules();
            assertThat(read(socket, 5)).isEqualTo("hello");
        }
    }

    @Test
    @ProvesFault("blackHole")
    void blackHole() throws IOException {
        rules("black-hole");
        try (Socket socket = connect()) {
            socket.setSoTimeout(300);
            send(socket, "hello");
            assertThat(end(socket)).isEqualTo(End.STILL_OPEN);
        }
        assertThat(accepted).hasValue(0);
        await(() -> server.listeners().get(0).connections() == 0);
    }

    @Test
    @ProvesFault("timeout")
    void timeout() throws IOException {
        rules("timeout 200ms");
        long start = System.nanoTime();
        try (Socket socket = connect()) {
            send(socket, "hello");
            // What the client sent was never read, and so the kernel answers the close with a reset.
            assertThat(end(socket)).isNotEqualTo(End.STILL_OPEN);
        }
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(200_000_000L);
        assertThat(accepted).hasValue(0);
    }

    @Test
    void latencyIsNeverEarlyAndKeepsTheOrder() throws IOException {
        rules("latency 60ms jitter 20ms upstream", "latency 30ms downstream");
        try (Socket socket = connect()) {
            for (int i = 0; i < 5; i++) {
                long start = System.nanoTime();
                send(socket, "abc" + i);
                assertThat(read(socket, 4)).isEqualTo("abc" + i);
                assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(70_000_000L);
            }
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < 200; i++) {
                String piece = "<" + i + ">";
                all.append(piece);
                send(socket, piece);
            }
            socket.shutdownOutput();
            assertThat(read(socket, all.length())).isEqualTo(all.toString());
            assertThat(end(socket)).isEqualTo(End.FIN);
        }
    }

    @Test
    void connectDelay() throws IOException {
        rules("connect-delay 120ms");
        long start = System.nanoTime();
        try (Socket socket = connect()) {
            send(socket, "hello");
            assertThat(read(socket, 5)).isEqualTo("hello");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(120_000_000L);
        }
    }

    @Test
    void bandwidth() throws IOException {
        rules("bandwidth 200KiB/s upstream");
        try (Socket socket = connect()) {
            byte[] data = new byte[60 * 1024];
            new Random(1).nextBytes(data);
            long start = System.nanoTime();
            socket.getOutputStream().write(data);
            assertThat(socket.getInputStream().readNBytes(data.length)).isEqualTo(data);
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(290_000_000L);
        }
    }

    @Test
    void aSlowDirectionHoldsItsSourceUp() throws Exception {
        rules("bandwidth 64KiB/s upstream");
        try (Socket socket = connect()) {
            AtomicLong sent = new AtomicLong();
            Thread writer = new Thread(() -> {
                try {
                    for (int i = 0; i < 32 * 64; i++) {
                        socket.getOutputStream().write(new byte[16384]);
                        sent.addAndGet(16384);
                    }
                } catch (IOException closed) {
                    // The test has ended.
                }
            });
            writer.start();
            await(() -> received.get() > 20_000);
            // 32 MiB were offered; kernels and the proxy hold a part of it, not all.
            long stalled = sent.get();
            await(() -> received.get() > 40_000);
            assertThat(sent.get()).isLessThan(24L << 20);
            assertThat(stalled).isLessThan(24L << 20);
            socket.setSoLinger(true, 0);
        }
    }

    @Test
    void sliceKeepsEveryByte() throws IOException {
        rules("slice 7 bytes vary 3 every 100us");
        try (Socket socket = connect()) {
            byte[] data = new byte[2000];
            new Random(2).nextBytes(data);
            long start = System.nanoTime();
            socket.getOutputStream().write(data);
            assertThat(socket.getInputStream().readNBytes(data.length)).isEqualTo(data);
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(2000 / 10 * 100_000L);
        }
    }

    @Test
    void limitData() throws IOException {
        rules("limit-data 1000 bytes downstream");
        try (Socket socket = connect()) {
            send(socket, "x".repeat(5000));
            assertThat(socket.getInputStream().readNBytes(5000)).hasSize(1000);
        }
        await(() -> open.get() == 0);
    }

    @Test
    void corruptByPattern() throws IOException {
        rules("corrupt pattern 5a5a at 3 upstream");
        try (Socket socket = connect()) {
            send(socket, "ab");
            assertThat(read(socket, 2)).isEqualTo("ab");
            send(socket, "cdefgh");
            assertThat(read(socket, 6)).isEqualTo("cZZfgh");
        }
    }

    @Test
    void corruptByShareIsRepeatable() throws IOException {
        byte[] data = new byte[100_000];
        List<byte[]> results = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            rules();
            rules("corrupt 1% upstream seed 5");
            try (Socket socket = connect()) {
                Thread writer = new Thread(() -> {
                    try {
                        socket.getOutputStream().write(data);
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
                writer.start();
                results.add(socket.getInputStream().readNBytes(data.length));
            }
        }
        int bits = 0;
        for (byte b : results.get(0)) {
            bits += Integer.bitCount(b & 0xff);
        }
        assertThat(bits).isBetween(850, 1150);
        assertThat(results.get(1)).isEqualTo(results.get(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " after 10 bytes", " after 150ms"})
    @ProvesFault("connectionReset")
    void resetAtAMoment(String moment) throws IOException {
        rules("reset-connection" + moment);
        try (Socket socket = connect()) {
            if (!moment.isEmpty()) {
                send(socket, "1234");
                assertThat(read(socket, 4)).isEqualTo("1234");
            }
            if (moment.contains("bytes")) {
                send(socket, "56789");
            }
            assertThat(end(socket)).isEqualTo(End.RST);
        } catch (SocketException resetAtConnect) {
            assertThat(moment).isEmpty();
        }
        await(() -> open.get() == 0);
        // 4 there, 4 back, and 2 of the rest.
        assertThat(received.get()).isEqualTo(moment.isEmpty() ? 0 : moment.contains("bytes") ? 6 : 4);
    }

    @ParameterizedTest
    @ValueSource(strings = {" after 8 bytes", " after 150ms"})
    @ProvesFault("close")
    void closeAtAMoment(String moment) throws IOException {
        rules("close" + moment);
        try (Socket socket = connect()) {
            send(socket, "1234");
            assertThat(read(socket, 4)).isEqualTo("1234");
            assertThat(end(socket)).isEqualTo(End.FIN);
        }
        await(() -> open.get() == 0);
    }

    @Test
    @ProvesFault("halfOpen")
    void halfOpen() throws IOException {
        rules("half-open after 8 bytes");
        try (Socket socket = connect()) {
            socket.setSoTimeout(300);
            send(socket, "1234");
            assertThat(read(socket, 4)).isEqualTo("1234");
            await(() -> open.get() == 0);
            send(socket, "more");
            assertThat(end(socket)).isEqualTo(End.STILL_OPEN);
        }
        await(() -> server.listeners().get(0).connections() == 0);
    }

    @Test
    void slowClose() throws IOException {
        rules("slow-close 150ms");
        try (Socket socket = connect()) {
            send(socket, "1234");
            long start = System.nanoTime();
            socket.shutdownOutput();
            assertThat(read(socket, 4)).isEqualTo("1234");
            assertThat(end(socket)).isEqualTo(End.FIN);
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(150_000_000L);
        }
    }

    @Test
    @ProvesFault("connectionLimit")
    void connectionLimitQueues() throws IOException {
        rules("connection-limit 1 queue");
        Socket first = connect();
        send(first, "one");
        assertThat(read(first, 3)).isEqualTo("one");
        try (Socket second = connect()) {
            send(second, "two");
            second.setSoTimeout(200);
            assertThat(end(second)).isEqualTo(End.STILL_OPEN);
            first.shutdownOutput();
            assertThat(end(first)).isEqualTo(End.FIN);
            second.setSoTimeout(20_000);
            assertThat(read(second, 3)).isEqualTo("two");
        }
    }

    @Test
    @ProvesFault("connectionLimit")
    void connectionLimitRefuses() throws IOException {
        rules("connection-limit 1");
        try (Socket first = connect()) {
            send(first, "one");
            assertThat(read(first, 3)).isEqualTo("one");
            try (Socket second = connect()) {
                assertThat(end(second)).isEqualTo(End.RST);
            } catch (SocketException resetAtConnect) {
                assertThat(resetAtConnect).hasMessageContaining("reset");
            }
        }
        await(() -> server.listeners().get(0).connections() == 0);
        try (Socket third = connect()) {
            send(third, "three");
            assertThat(read(third, 5)).isEqualTo("three");
        }
    }

    @Test
    @ProvesFault("exhaustPool")
    void exhaustPoolHoldsTheFirstOnes() throws IOException {
        rules("exhaust-pool 2 close");
        try (Socket first = connect();
                Socket second = connect()) {
            await(() -> stat("mishap.exhaust_pool_injected") == 2);
            try (Socket third = connect()) {
                assertThat(end(third)).isEqualTo(End.FIN);
            }
            for (Socket held : List.of(first, second)) {
                held.setSoTimeout(200);
                send(held, "hello");
                assertThat(end(held)).isEqualTo(End.STILL_OPEN);
            }
        }
        assertThat(accepted).hasValue(0);
    }

    /** Rules come and go a hundred times over a connection that is busy: nothing of it is lost, doubled or out of order. */
    @Test
    void rulesOnLiveConnectionsLoseNoByte() throws Exception {
        int size = 3_000_000;
        byte[] data = new byte[size];
        new Random(3).nextBytes(data);
        try (Socket socket = connect()) {
            Thread writer = new Thread(() -> {
                try {
                    socket.getOutputStream().write(data);
                    socket.shutdownOutput();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            DataInputStream in = new DataInputStream(socket.getInputStream());
            writer.start();
            byte[] back = new byte[size];
            int at = 0;
            Random random = new Random(4);
            for (int round = 0; round < 100; round++) {
                switch (round % 4) {
                    case 0 -> rules("latency 1ms jitter 1ms as a");
                    case 1 -> rules("latency 1ms jitter 1ms as a", "slice 5000 bytes as b");
                    case 2 -> rules("bandwidth 100MiB/s as c");
                    default -> rules();
                }
                int n = Math.min(size - at, 10_000 + random.nextInt(30_000));
                in.readFully(back, at, n);
                at += n;
            }
            rules();
            in.readFully(back, at, size - at);
            writer.join();
            assertThat(back).isEqualTo(data);
            assertThat(end(socket)).isEqualTo(End.FIN);
        }
    }

    @Test
    void whenARuleEndsTheConnectionIsAsBefore() throws IOException {
        try (Socket socket = connect()) {
            send(socket, "a");
            assertThat(read(socket, 1)).isEqualTo("a");
            rules("latency 200ms");
            long start = System.nanoTime();
            await(() -> stat("mishap.connections_touched") == 1);
            send(socket, "b");
            assertThat(read(socket, 1)).isEqualTo("b");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(400_000_000L);
            rules();
            await(() -> server.stats().gauge("mishap.active_connection_faults").value() == 0);
            send(socket, "c");
            assertThat(read(socket, 1)).isEqualTo("c");
        }
    }

    @Test
    void aClientThatGoesAwayLeavesNothingBehind() throws IOException {
        rules("latency 5s", "bandwidth 1KiB/s");
        for (int i = 0; i < 20; i++) {
            Socket socket = connect();
            send(socket, "x".repeat(5000));
            if (i % 2 == 0) {
                socket.setSoLinger(true, 0);
            }
            socket.close();
        }
        rules();
        // Those that were reset are gone at once; the others' bytes are still under way, slowly.
        await(() -> server.listeners().get(0).connections() <= 10);
    }

    /** Whether the bytes are held already or come with the end of the rule: they do not wait for the time that it gave them. */
    @ParameterizedTest
    @ValueSource(
            strings = {"latency 5m", "latency 5m;latency 20ms as other", "bandwidth 1KiB/s", "slice 1 bytes every 1m"})
    void whatAFaultHoldsGoesOnWhenTheRuleEnds(String lines) throws IOException {
        String text = "x".repeat(5000);
        String[] all = lines.split(";");
        for (int round = 0; round < 10; round++) {
            rules(all);
            try (Socket socket = connect()) {
                long begun = stat("mishap.connections_touched");
                send(socket, text);
                await(() -> stat("mishap.connections_touched") >= begun);
                rules(all.length > 1 ? new String[] {all[1]} : new String[0]);
                assertThat(read(socket, text.length())).isEqualTo(text);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"connect-delay 5m", "timeout 5m"})
    void whoWaitsOnTheWayInGoesOnWhenTheRuleEnds(String line) throws IOException {
        rules(line);
        try (Socket socket = connect()) {
            send(socket, "hello");
            await(() -> stat("mishap.connections_touched") == 1);
            assertThat(accepted).hasValue(0);
            rules("latency 1ms");
            assertThat(read(socket, 5)).isEqualTo("hello");
        }
    }

    /** Its bytes are lost, so nobody can serve it: better an end than a client that waits for its own time-outs. */
    @ParameterizedTest
    @ValueSource(strings = {"black-hole", "exhaust-pool 2 queue", "half-open"})
    void whoseBytesWereTakenIsClosedWhenTheRuleEnds(String line) throws IOException {
        rules(line);
        try (Socket first = connect();
                Socket second = connect()) {
            for (Socket each : List.of(first, second)) {
                send(each, "hello");
            }
            await(() -> stat("mishap.connections_touched") == 2);
            rules(line, "latency 1ms as other");
            first.setSoTimeout(100);
            assertThat(end(first)).as("the rule is still there").isEqualTo(End.STILL_OPEN);
            first.setSoTimeout(20_000);

            rules();

            assertThat(end(first)).isEqualTo(End.FIN);
            assertThat(end(second)).isEqualTo(End.FIN);
        }
    }
}
