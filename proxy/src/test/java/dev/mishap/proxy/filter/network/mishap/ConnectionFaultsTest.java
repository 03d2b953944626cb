package dev.mishap.proxy.filter.network.mishap;

import static dev.mishap.proxy.filter.network.mishap.FaultRig.await;
import static dev.mishap.proxy.filter.network.mishap.FaultRig.end;
import static dev.mishap.proxy.filter.network.mishap.FaultRig.read;
import static dev.mishap.proxy.filter.network.mishap.FaultRig.send;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.network.mishap.FaultRig.End;
import dev.mishap.proxy.rules.ProvesFault;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each fault of connections on real sockets: a client, the proxy, and a server that echoes. */
@Timeout(60)
class ConnectionFaultsTest extends WithEchoRig {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "latency 50ms when port = 1",
                "connect-delay 50ms",
                "latency 50ms",
                "connect-delay 20ms|corrupt pattern 58 at 0 upstream"
            })
    void bytesThatAListenerFilterHasSeenTakeTheSameWay(String lines) throws IOException {
        rig.close();
        rig = new EchoRig(EchoRig.WITH_LISTENER_FILTER);
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
        assertThat(rig.accepted).hasValue(0);
        await(() -> rig.stat("mishap.refuse_injected") == 1);
    }

    @Test
    @ProvesFault("blackHole")
    void blackHole() throws IOException {
        rules("black-hole");
        try (Socket socket = connect()) {
            socket.setSoTimeout(300);
            send(socket, "hello");
            assertThat(end(socket)).isEqualTo(End.OPEN);
        }
        assertThat(rig.accepted).hasValue(0);
        await(() -> rig.server.listeners().get(0).connections() == 0);
    }

    @Test
    @ProvesFault("timeout")
    void timeout() throws IOException {
        rules("timeout 200ms");
        long start = System.nanoTime();
        try (Socket socket = connect()) {
            send(socket, "hello");
            // What the client sent was never read, and so the kernel answers the close with a reset.
            assertThat(end(socket)).isNotEqualTo(End.OPEN);
        }
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(200_000_000L);
        assertThat(rig.accepted).hasValue(0);
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
            await(() -> rig.received.get() > 20_000);
            // 32 MiB were offered; kernels and the proxy hold a part of it, not all.
            long stalled = sent.get();
            await(() -> rig.received.get() > 40_000);
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
        await(() -> rig.open.get() == 0);
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
        await(() -> rig.open.get() == 0);
        // 4 there, 4 back, and 2 of the rest.
        assertThat(rig.received.get()).isEqualTo(moment.isEmpty() ? 0 : moment.contains("bytes") ? 6 : 4);
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
        await(() -> rig.open.get() == 0);
    }

    @Test
    @ProvesFault("halfOpen")
    void halfOpen() throws IOException {
        rules("half-open after 8 bytes");
        try (Socket socket = connect()) {
            socket.setSoTimeout(300);
            send(socket, "1234");
            assertThat(read(socket, 4)).isEqualTo("1234");
            await(() -> rig.open.get() == 0);
            send(socket, "more");
            assertThat(end(socket)).isEqualTo(End.OPEN);
        }
        await(() -> rig.server.listeners().get(0).connections() == 0);
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
            assertThat(end(second)).isEqualTo(End.OPEN);
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
        await(() -> rig.server.listeners().get(0).connections() == 0);
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
            await(() -> rig.stat("mishap.exhaust_pool_injected") == 2);
            try (Socket third = connect()) {
                assertThat(end(third)).isEqualTo(End.FIN);
            }
            for (Socket held : List.of(first, second)) {
                held.setSoTimeout(200);
                send(held, "hello");
                assertThat(end(held)).isEqualTo(End.OPEN);
            }
        }
        assertThat(rig.accepted).hasValue(0);
    }
}
