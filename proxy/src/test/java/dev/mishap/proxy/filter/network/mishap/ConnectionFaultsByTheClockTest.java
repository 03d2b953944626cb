package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.rules.ProvesFault;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Faults of connections that go by time, on real sockets, by a clock that stands still until the test moves it. */
@Timeout(60)
class ConnectionFaultsByTheClockTest {
    private final List<Socket> clients = new ArrayList<>();
    private SteeredProxy proxy;

    @BeforeEach
    void start() throws InterruptedException {
        proxy = new SteeredProxy();
    }

    @AfterEach
    void stop() throws Exception {
        for (Socket each : clients) {
            each.close();
        }
        proxy.close();
    }

    private Socket client() throws IOException {
        Socket socket = proxy.client();
        clients.add(socket);
        return socket;
    }

    private static void passes(Socket socket) throws IOException {
        FaultRig.send(socket, "hello");
        assertThat(FaultRig.read(socket, 5)).isEqualTo("hello");
    }

    private void isReset() throws IOException {
        try {
            assertThat(FaultRig.end(client())).isEqualTo(FaultRig.End.RST);
        } catch (SocketException resetAtConnect) {
            assertThat(resetAtConnect).hasMessageContaining("reset");
        }
    }

    private static void nothingComes(Socket socket) throws IOException {
        socket.setSoTimeout(30);
        assertThat(FaultRig.end(socket)).isEqualTo(FaultRig.End.OPEN);
        socket.setSoTimeout(20_000);
    }

    @Test
    @ProvesFault("flap")
    void flap() throws IOException {
        proxy.rules("flap up 10s down 2s");
        Socket early = client();
        passes(early);
        proxy.advance(9_999);
        passes(early);
        Socket late = client();
        passes(late);
        proxy.advance(1);
        assertThat(FaultRig.end(early)).isEqualTo(FaultRig.End.RST);
        assertThat(FaultRig.end(late)).isEqualTo(FaultRig.End.RST);
        isReset();
        proxy.advance(1_999);
        isReset();
        proxy.advance(1);
        Socket again = client();
        passes(again);
        proxy.advance(10_000);
        assertThat(FaultRig.end(again)).isEqualTo(FaultRig.End.RST);
        isReset();
    }

    @Test
    void flapResetsWhatPassedThoughAnotherRuleCameMeanwhile() throws IOException {
        proxy.rules("flap up 10s down 2s");
        Socket socket = client();
        passes(socket);
        proxy.advance(5_000);
        proxy.rules("flap up 10s down 2s", "latency 1ms downstream");
        proxy.await("mishap.latency_injected", 1);
        FaultRig.send(socket, "hello");
        FaultRig.await(() -> proxy.received.get() == 10);
        nothingComes(socket);
        proxy.advance(1);
        assertThat(FaultRig.read(socket, 5)).isEqualTo("hello");
        proxy.advance(4_999);
        assertThat(FaultRig.end(socket)).isEqualTo(FaultRig.End.RST);
    }

    @Test
    void aFlapThatIsGoneLeavesConnectionsAlone() throws IOException {
        proxy.rules("flap up 10s down 2s");
        Socket socket = client();
        passes(socket);
        proxy.rules();
        proxy.await("mishap.active_connection_faults", 0);
        proxy.advance(60_000);
        passes(socket);
    }

    /** What waits for its filters when the service goes down is reset when it would get them. */
    @Test
    void aFlapGoesDownDuringAConnectDelay() throws IOException {
        proxy.rules("flap up 10s down 20s", "connect-delay 15s");
        Socket socket = client();
        FaultRig.send(socket, "hello");
        proxy.await("mishap.connect_delay_injected", 1);
        nothingComes(socket);
        proxy.advance(15_000);
        assertThat(FaultRig.end(socket)).isEqualTo(FaultRig.End.RST);
    }

    @Test
    @ProvesFault("connectDelay")
    void connectDelay() throws IOException {
        proxy.rules("connect-delay 10s");
        Socket socket = client();
        FaultRig.send(socket, "hello");
        proxy.await("mishap.connect_delay_injected", 1);
        proxy.advance(9_999);
        nothingComes(socket);
        proxy.advance(1);
        assertThat(FaultRig.read(socket, 5)).isEqualTo("hello");
    }

    @Test
    @ProvesFault("timeout")
    void timeout() throws IOException {
        proxy.rules("timeout 10s");
        Socket socket = client();
        proxy.await("mishap.timeout_injected", 1);
        proxy.advance(9_999);
        nothingComes(socket);
        proxy.advance(1);
        assertThat(FaultRig.end(socket)).isEqualTo(FaultRig.End.FIN);
    }

    /** The clock stands still: what goes on does so since its rule is gone. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "connect-delay 1h",
                "timeout 1h",
                "latency 1h",
                "bandwidth 1KiB/s",
                "latency 1h upstream|slice 1 bytes every 1h",
                "connection-limit 0 queue",
                "latency 1h downstream|slice 2 bytes every 1h"
            })
    void whatARuleHoldsGoesOnWhenItEnds(String lines) throws IOException {
        proxy.rules(lines.split("[|]"));
        Socket socket = client();
        FaultRig.send(socket, "hello");
        proxy.await("mishap.active_connection_faults", 1);
        nothingComes(socket);
        proxy.rules();
        assertThat(FaultRig.read(socket, 5)).isEqualTo("hello");
        passes(socket);
    }

    @Test
    void aWaitThatAnotherRuleStillWantsGoesOn() throws IOException {
        proxy.rules("connect-delay 1h", "connect-delay 2h");
        Socket socket = client();
        FaultRig.send(socket, "hello");
        proxy.await("mishap.connect_delay_injected", 2);
        proxy.rules("connect-delay 1h");
        nothingComes(socket);
        proxy.rules();
        assertThat(FaultRig.read(socket, 5)).isEqualTo("hello");
    }

    @Test
    @ProvesFault("slowClose")
    void slowClose() throws IOException {
        proxy.rules("slow-close 10s");
        Socket socket = client();
        passes(socket);
        socket.shutdownOutput();
        FaultRig.await(() -> proxy.ends.get() == 1);
        nothingComes(socket);
        proxy.advance(10_000);
        assertThat(FaultRig.end(socket)).isEqualTo(FaultRig.End.FIN);
    }

    /** Two seconds' worth of bytes: a second's have come after a second, the rest after two. */
    @Test
    @ProvesFault("bandwidth")
    void bandwidth() throws IOException {
        proxy.rules("bandwidth 10KiB/s downstream");
        Socket socket = client();
        FaultRig.send(socket, "x".repeat(20_480));
        FaultRig.await(() -> proxy.received.get() == 20_480);
        nothingComes(socket);
        int got = 0;
        for (int second = 1; second <= 2; second++) {
            for (int i = 0; i < 200; i++) {
                proxy.advance(5);
            }
            while (got < second * 10_240 - 51) {
                got += socket.getInputStream().read(new byte[20_480]);
            }
            assertThat(got).isLessThanOrEqualTo(second * 10_240);
        }
    }
}
