package dev.mishap.proxy.filter.network.mishap;

import static dev.mishap.proxy.filter.network.mishap.FaultRig.await;
import static dev.mishap.proxy.filter.network.mishap.FaultRig.end;
import static dev.mishap.proxy.filter.network.mishap.FaultRig.read;
import static dev.mishap.proxy.filter.network.mishap.FaultRig.send;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.network.mishap.FaultRig.End;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of connections on real sockets when rules come and go, or their client does. */
@Timeout(60)
class ConnectionsUnderChangingRulesTest extends WithEchoRig {
    @Test
    void whoWaitsForARuleThatEndsIsLetIn() throws IOException {
        rules("connection-limit 0 queue");
        try (Socket socket = connect()) {
            send(socket, "hello");
            await(() -> rig.stat("mishap.connection_limit_injected") == 1);
            assertThat(rig.accepted).hasValue(0);
            rules();
            assertThat(read(socket, 5)).isEqualTo("hello");
        }
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
            await(() -> rig.stat("mishap.connections_touched") == 1);
            send(socket, "b");
            assertThat(read(socket, 1)).isEqualTo("b");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(400_000_000L);
            rules();
            await(() ->
                    rig.server.stats().gauge("mishap.active_connection_faults").value() == 0);
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
        await(() -> rig.server.listeners().get(0).connections() <= 10);
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
                long begun = rig.stat("mishap.connections_touched");
                send(socket, text);
                await(() -> rig.stat("mishap.connections_touched") >= begun);
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
            await(() -> rig.stat("mishap.connections_touched") == 1);
            assertThat(rig.accepted).hasValue(0);
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
            await(() -> rig.stat("mishap.connections_touched") == 2);
            rules(line, "latency 1ms as other");
            first.setSoTimeout(100);
            assertThat(end(first)).as("the rule is still there").isEqualTo(End.OPEN);
            first.setSoTimeout(20_000);

            rules();

            assertThat(end(first)).isEqualTo(End.FIN);
            assertThat(end(second)).isEqualTo(End.FIN);
        }
    }
}
