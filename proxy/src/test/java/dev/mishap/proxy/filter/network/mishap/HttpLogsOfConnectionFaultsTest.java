package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the log of a request says of a fault of the connection that it came by. */
@Timeout(60)
class HttpLogsOfConnectionFaultsTest {
    @TempDir
    private Path directory;

    private FaultRig rig;
    private Socket client;
    private Socket service;

    @BeforeEach
    void start() throws IOException {
        rig = new FaultRig(directory, "");
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        if (service != null) {
            service.close();
        }
        rig.close();
    }

    private void ask(String path) throws IOException {
        if (client == null) {
            client = rig.client(1);
        }
        FaultRig.send(client, "GET " + path + " HTTP/1.1\r\nhost: a\r\n\r\n");
        if (service == null) {
            service = rig.accept();
        }
        head(service, "\r\n\r\n");
    }

    private void answer() throws IOException {
        FaultRig.send(service, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        head(client, "\r\n\r\nok");
    }

    private static void head(Socket socket, String end) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        while (text.indexOf(end) < 0) {
            int c = in.read();
            assertThat(c).as(text.toString()).isNotNegative();
            text.append((char) c);
        }
        assertThat(text.toString().getBytes(StandardCharsets.US_ASCII)).isNotEmpty();
    }

    private void touched(int connections) {
        FaultRig.await(() -> rig.stat("mishap.connections_touched") == connections);
    }

    private void untouched() {
        FaultRig.await(() -> rig.stat("mishap.active_connection_faults") == 0);
    }

    @Test
    void eachRequestOnATouchedConnectionIsTagged() throws IOException {
        rig.rules("latency 1ms experiment E1", "corrupt pattern 58 at 1000000 downstream experiment E2");
        for (String path : new String[] {"/a", "/b"}) {
            ask(path);
            answer();
            assertThat(rig.logged(path)).isEqualTo("<" + path + " MCF E1,E2 r0,r1 latency,corrupt>");
        }
    }

    @Test
    void oneBeforeOrAfterTheRuleIsNot() throws IOException {
        ask("/before");
        answer();
        assertThat(rig.logged("/before")).isEqualTo("</before - - - ->");
        rig.rules("latency 1ms experiment E1");
        touched(1);
        ask("/under");
        answer();
        assertThat(rig.logged("/under")).isEqualTo("</under MCF E1 r0 latency>");
        rig.rules();
        untouched();
        ask("/after");
        answer();
        assertThat(rig.logged("/after")).isEqualTo("</after - - - ->");
    }

    @Test
    void aRuleThatComesOrGoesWithinARequestIsTold() throws IOException {
        ask("/long");
        rig.rules("latency 1ms experiment E1");
        touched(1);
        rig.rules("slice 10 bytes experiment E2");
        FaultRig.await(() -> rig.stat("mishap.slice_injected") == 1);
        rig.rules();
        untouched();
        answer();
        // Of rules that followed each other within one request the last is told, and those that it began under.
        assertThat(rig.logged("/long")).isEqualTo("</long MCF E2 r0 slice>");
    }

    @Test
    void theRequestThatTheFaultBrokeIsTagged() throws IOException {
        rig.rules("reset-connection after 20 bytes experiment E3");
        client = rig.client(1);
        FaultRig.send(client, "GET /broken HTTP/1.1\r\nhost: a\r\n\r\n");
        assertThat(FaultRig.end(client)).isEqualTo(FaultRig.End.RST);
        rig.rules();
        rig.rules("close after 60 bytes experiment E4");
        client = rig.client(
                1); // after the change, which a live connection hears of a moment later than bytes that are there
        // already
        ask("/cut");
        FaultRig.send(service, "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n" + "x".repeat(200));
        assertThat(FaultRig.end(client)).isEqualTo(FaultRig.End.FIN);
        client.close();
        assertThat(rig.logged("/cut")).contains(" E4 r0 close").contains("MCF");
    }

    /** What a rule of the connection and one of the request say is told together. */
    @Test
    void rulesOfTheConnectionAndOfTheRequestJoin() throws IOException {
        rig.rules("latency 1ms experiment E1", "delay 1ms experiment E2");
        ask("/both");
        answer();
        assertThat(rig.logged("/both"))
                .startsWith("</both ")
                .contains("MCF")
                .contains("DI")
                .contains(" E1,E2 r0,r1 latency,delay>");
    }
}
