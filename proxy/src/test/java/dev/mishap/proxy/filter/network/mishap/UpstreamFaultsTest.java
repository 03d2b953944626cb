package dev.mishap.proxy.filter.network.mishap;

import static dev.mishap.proxy.filter.network.mishap.FaultRig.await;
import static dev.mishap.proxy.filter.network.mishap.FaultRig.end;
import static dev.mishap.proxy.filter.network.mishap.FaultRig.read;
import static dev.mishap.proxy.filter.network.mishap.FaultRig.send;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.network.mishap.FaultRig.End;
import dev.mishap.proxy.rules.ProvesFault;
import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import dev.mishap.proxy.server.TestOptions;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.text.RuleLine;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rules about the proxy's own connections, on real sockets: of a TCP proxy and of an HTTP pool. */
@Timeout(60)
class UpstreamFaultsTest {
    private static final String CLUSTERS = """
              clusters:
              - name: echo
                connect_timeout: 2s
                load_assignment:
                  cluster_name: echo
                  endpoints:
                  - locality: {region: eu, zone: a}
                    lb_endpoints:
                    - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %1$d}}}
                      metadata: {filter_metadata: {envoy.lb: {tier: gold, stage: 2}}}
              - name: web
                connect_timeout: 0.3s
                load_assignment:
                  cluster_name: web
                  endpoints:
                  - locality: {region: us}
                    lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %2$d}}}}]
            """;

    /** A service: what it has accepted, and how each connection ended for it. */
    private static final class Service {
        final ServerSocket socket;
        final List<Socket> accepted = Collections.synchronizedList(new ArrayList<>());
        final List<String> ends = Collections.synchronizedList(new ArrayList<>());
        private final boolean http;

        Service(boolean http) throws IOException {
            this.http = http;
            socket = new ServerSocket();
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            run(() -> {
                while (true) {
                    Socket one = socket.accept();
                    accepted.add(one);
                    run(() -> serve(one));
                }
            });
        }

        private interface Action {
            void run() throws IOException;
        }

        private static void run(Action action) {
            Thread thread = new Thread(() -> {
                try {
                    action.run();
                } catch (IOException over) {
                    // The test is over.
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        private void serve(Socket one) throws IOException {
            String end = "RST";
            try (one) {
                one.setTcpNoDelay(true);
                byte[] buffer = new byte[65536];
                int n;
                while ((n = one.getInputStream().read(buffer)) > 0) {
                    if (http) {
                        one.getOutputStream()
                                .write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
                                        .getBytes(StandardCharsets.US_ASCII));
                    } else {
                        one.getOutputStream().write(buffer, 0, n);
                    }
                }
                end = "FIN";
            } catch (SocketException reset) {
                // what end says
            } finally {
                ends.add(end);
            }
        }
    }

    private Service echo;
    private Service web;
    private Server server;

    @TempDir
    private Path directory;

    @BeforeEach
    void start() throws IOException {
        echo = new Service(false);
        web = new Service(true);
        String log = FaultRig.accessLog(
                directory.resolve("log"),
                "%RESPONSE_FLAGS% %DYNAMIC_METADATA(mishap:experiment)%"
                        + " %DYNAMIC_METADATA(mishap:fault)% %UPSTREAM_TRANSPORT_FAILURE_REASON%");
        String yaml = FaultRig.listeners("echo", "web", log)
                + CLUSTERS.formatted(echo.socket.getLocalPort(), web.socket.getLocalPort());
        Options options = TestOptions.brief(yaml, 1, "off");
        server = new Server(options, BootstrapLoader.load(options));
        server.start();
    }

    @AfterEach
    void stop() throws IOException {
        server.rules().replaceOwn(List.of());
        server.shutdown();
        server.close();
        echo.socket.close();
        web.socket.close();
    }

    private void rules(String... lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "r" + i));
        }
        server.rules().replaceOwn(rules);
    }

    private Socket connect(int listener) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        socket.connect(server.listeners().get(listener).address());
        return socket;
    }

    private String get() throws IOException {
        try (Socket socket = connect(1)) {
            return get(socket, "connection: close\r\n");
        }
    }

    private static String get(Socket socket, String more) throws IOException {
        send(socket, "GET / HTTP/1.1\r\nhost: a\r\n" + more + "\r\n");
        return more.isEmpty()
                ? head(socket)
                : new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    /** A response with a body of two bytes. */
    private static String head(Socket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        while (text.indexOf("\r\n\r\nok") < 0) {
            int c = in.read();
            assertThat(c).as(text.toString()).isNotNegative();
            text.append((char) c);
        }
        return text.toString();
    }

    private void awaitLog(String line) throws IOException {
        Path log = directory.resolve("log");
        long limit = System.nanoTime() + 10_000_000_000L;
        while (!Files.exists(log) || !Files.readString(log).contains(line)) {
            assertThat(System.nanoTime())
                    .as(line + " is not in " + (Files.exists(log) ? Files.readString(log) : ""))
                    .isLessThan(limit);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private long stat(String name) {
        return server.stats().counter(name).value();
    }

    @Test
    void withoutARuleBothServe() throws IOException {
        try (Socket socket = connect(0)) {
            send(socket, "hello");
            assertThat(read(socket, 5)).isEqualTo("hello");
        }
        assertThat(get()).startsWith("HTTP/1.1 200 OK");
    }

    @Test
    @ProvesFault("refuse")
    void refuse() throws IOException {
        rules("refuse upstream experiment E1");
        assertThat(get())
                .startsWith("HTTP/1.1 503 Service Unavailable")
                .endsWith("reset reason: remote connection failure");
        awaitLog("UF,MCF E1 refuse delayed_connect_error:_Connection_refused");
        try (Socket socket = connect(0)) {
            assertThat(end(socket)).isNotEqualTo(End.OPEN);
        }
        awaitLog("MCF,UF,URX E1 refuse");
        assertThat(echo.accepted).isEmpty();
        assertThat(web.accepted).isEmpty();
        assertThat(stat("mishap.refuse_injected")).isEqualTo(2);
        assertThat(stat("mishap.upstream_connections_touched")).isEqualTo(2);
        assertThat(stat("mishap.experiment.E1.touched")).isEqualTo(2);
    }

    @Test
    void refusalsOfOneClusterLeaveTheOtherAlone() throws IOException {
        rules("refuse upstream on cluster echo");
        assertThat(get()).startsWith("HTTP/1.1 200 OK");
        try (Socket socket = connect(0)) {
            assertThat(end(socket)).isNotEqualTo(End.OPEN);
        }
        assertThat(echo.accepted).isEmpty();
    }

    @Test
    @ProvesFault("partition")
    void aPartitionByLabelHasConnectingTimeOut() throws IOException {
        rules("partition when endpoint label tier = gold and endpoint label stage = 2 experiment E2");
        assertThat(get()).startsWith("HTTP/1.1 200 OK");
        long start = System.nanoTime();
        try (Socket socket = connect(0)) {
            send(socket, "hello");
            assertThat(end(socket)).isNotEqualTo(End.OPEN);
        }
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(2_000_000_000L);
        assertThat(echo.accepted).isEmpty();
        awaitLog("MCF,UF,URX E2 partition");
    }

    @Test
    void aPartitionThatEndsInTimeLetsConnect() throws IOException {
        rules("partition on cluster echo");
        try (Socket socket = connect(0)) {
            send(socket, "hello");
            await(() -> stat("mishap.upstream_connections_touched") >= 1);
            assertThat(echo.accepted).isEmpty();
            rules();
            assertThat(read(socket, 5)).isEqualTo("hello");
        }
    }

    @Test
    void aPartitionByLocalityRefuses() throws IOException {
        rules("partition refuse when endpoint locality = us");
        long start = System.nanoTime();
        assertThat(get()).startsWith("HTTP/1.1 503");
        awaitLog("UF,MCF r0 partition delayed_connect_error:_Connection_refused");
        assertThat(System.nanoTime() - start).isLessThan(20_000_000_000L);
        try (Socket socket = connect(0)) {
            send(socket, "hello");
            assertThat(read(socket, 5)).isEqualTo("hello");
        }
        rules("partition refuse when endpoint locality = us/a");
        assertThat(get()).startsWith("HTTP/1.1 200");
    }

    @Test
    void aLiveConnectionStallsAndLosesNothing() throws IOException {
        byte[] data = new byte[3 << 20];
        new Random(4).nextBytes(data);
        try (Socket socket = connect(0)) {
            send(socket, "hello");
            assertThat(read(socket, 5)).isEqualTo("hello");
            rules("partition when endpoint address = 127.0.0.0/8");
            await(() -> stat("mishap.upstream_connections_touched") >= 1);
            Service.run(() -> {
                socket.getOutputStream().write(data);
                socket.shutdownOutput();
            });
            socket.setSoTimeout(200);
            try {
                assertThat(socket.getInputStream().read())
                        .as("nothing comes back")
                        .isEqualTo(-2);
            } catch (SocketTimeoutException stalled) {
                socket.setSoTimeout(20_000);
            }
            rules();
            assertThat(socket.getInputStream().readNBytes(data.length)).isEqualTo(data);
            assertThat(end(socket)).isEqualTo(End.FIN);
        }
    }

    @Test
    void oneWayOnlyTheOtherWayGoesOn() throws IOException {
        try (Socket socket = connect(0)) {
            send(socket, "hello");
            assertThat(read(socket, 5)).isEqualTo("hello");
            rules("partition downstream on cluster echo");
            await(() -> stat("mishap.upstream_connections_touched") >= 1);
            Socket service = echo.accepted.get(0);
            send(socket, "world");
            // The service has it and answers; the answer is what does not come.
            socket.setSoTimeout(200);
            try {
                assertThat(socket.getInputStream().read())
                        .as("nothing comes back")
                        .isEqualTo(-2);
            } catch (SocketTimeoutException stalled) {
                socket.setSoTimeout(20_000);
            }
            assertThat(service.isClosed()).isFalse();
            rules();
            assertThat(read(socket, 5)).isEqualTo("world");
        }
    }

    @Test
    @ProvesFault("partition")
    void aRejectingPartitionResetsWhatLives() throws IOException {
        try (Socket socket = connect(0)) {
            send(socket, "hello");
            assertThat(read(socket, 5)).isEqualTo("hello");
            rules("partition refuse on cluster echo");
            assertThat(end(socket)).isEqualTo(End.RST);
        }
        await(() -> echo.ends.contains("RST"));
    }

    @Test
    @ProvesFault("connectionReset")
    void resetAfterSoManyBytes() throws IOException {
        rules("reset-connection after 8 bytes upstream on cluster echo experiment E3");
        try (Socket socket = connect(0)) {
            send(socket, "hello world");
            // Five and three: the service gets what passes, the client what comes back of that.
            assertThat(end(socket)).isEqualTo(End.RST);
        }
        await(() -> echo.ends.contains("RST"));
        awaitLog("MCF,UR E3 connectionReset");
    }

    @Test
    void resetAtAnAge() throws IOException {
        rules("reset-connection after 150ms upstream on cluster echo");
        long start = System.nanoTime();
        try (Socket socket = connect(0)) {
            send(socket, "hello");
            assertThat(read(socket, 5)).isEqualTo("hello");
            assertThat(end(socket)).isEqualTo(End.RST);
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(150_000_000L);
        }
        await(() -> echo.ends.contains("RST"));
    }

    @Test
    @ProvesFault("close")
    void closeAfterSoManyBytes() throws IOException {
        rules("close after 10 bytes upstream on cluster echo");
        try (Socket socket = connect(0)) {
            send(socket, "hello");
            assertThat(read(socket, 5)).isEqualTo("hello");
            assertThat(end(socket)).isEqualTo(End.FIN);
        }
        await(() -> echo.ends.contains("FIN"));
    }

    @Test
    void idleConnectionsOfAPoolAreResetAndReplaced() throws IOException {
        try (Socket socket = connect(1)) {
            assertThat(get(socket, "")).startsWith("HTTP/1.1 200");
            rules("reset-connection upstream on cluster web max 1 concurrent");
            await(() -> web.ends.contains("RST"));
            rules();
            assertThat(get(socket, "")).startsWith("HTTP/1.1 200");
        }
        assertThat(web.accepted).hasSize(2);
    }

    @Test
    void latencyOfAPoolIsNeverEarly() throws IOException {
        try (Socket socket = connect(1)) {
            assertThat(get(socket, "")).startsWith("HTTP/1.1 200");
            rules("latency 40ms when endpoint locality = us");
            await(() -> stat("mishap.upstream_connections_touched") >= 1);
            long start = System.nanoTime();
            assertThat(get(socket, "")).startsWith("HTTP/1.1 200");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(80_000_000L);
        }
        assertThat(web.accepted).hasSize(1);
    }

    @Test
    @ProvesFault("connectDelay")
    void connectDelayCountsTowardsTheTimeout() throws IOException {
        rules("connect-delay 100ms when endpoint locality = us");
        long start = System.nanoTime();
        assertThat(get()).startsWith("HTTP/1.1 200");
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(100_000_000L);
        rules("connect-delay 3s when endpoint locality = eu");
        start = System.nanoTime();
        try (Socket socket = connect(0)) {
            assertThat(end(socket)).isNotEqualTo(End.OPEN);
        }
        assertThat(System.nanoTime() - start).isBetween(2_000_000_000L, 20_000_000_000L);
        assertThat(echo.accepted).isEmpty();
    }
}
