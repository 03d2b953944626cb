package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.RuleWriter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ten thousand connections that faults hold, in a proxy with the launcher's heap, while rules are replaced a hundred times a second
 * under traffic: what no rule took arrives, and the kill switch lets go of all of it.
 */
@Timeout(180)
class HeldConnectionsIT {
    private static final int SWALLOWED = 4000;
    private static final int POOL = 3000;
    private static final int QUEUED = 1000;
    private static final int LATE = 2000;
    private static final int HELD = SWALLOWED + POOL + QUEUED + LATE;
    private static final int CHANGES = 300;

    /** File descriptors of the proxy: each client's, those upstream, and room. */
    private static final int FILES = HELD + LATE + QUEUED + 1000;

    private static final String CONFIGURATION = """
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: ${admin}}}}
            static_resources:
              listeners:
              - name: tcp
                address: {socket_address: {address: 127.0.0.1, port_value: ${tcp}}}
                filter_chains:
                - filters:
                  - name: tcp
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: service}
              clusters:
              - name: service
                connect_timeout: 60s
                circuit_breakers: {thresholds: [{max_connections: 20000, max_pending_requests: 20000, max_requests: 20000}]}
                load_assignment:
                  cluster_name: service
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${service}}}}}]}]
            """;

    @TempDir
    private Path directory;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final HttpClient api = HttpClient.newHttpClient();
    private final int tcp = ProxyProcess.freePort();
    private ProxyProcess proxy;

    HeldConnectionsIT() throws IOException {}

    @BeforeEach
    void start() throws IOException {
        // A JVM takes what the hard limit gives.
        Tools.Result limit = Tools.run(directory, 60, List.of("sh", "-c", "ulimit -Hn"));
        String files = limit.out().strip();
        Assumptions.assumeTrue(
                files.equals("unlimited") || Long.parseLong(files) >= FILES,
                "needs ulimit -Hn of " + FILES + ", has " + files);
        Echo echo = new Echo();
        open.add(echo);
        proxy = new ProxyProcess(
                ProxyProcess.Kind.MISHAP,
                directory,
                CONFIGURATION
                        .replace("${tcp}", Integer.toString(tcp))
                        .replace("${service}", Integer.toString(echo.port())),
                "--concurrency",
                "2");
        open.add(proxy);
    }

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private void put(String name, String line) throws Exception {
        FaultRule rule = RuleLine.parse(line + " for 10m", name);
        call("PUT", "rules/" + name, DocumentText.jsonLine(RuleWriter.write(rule)));
    }

    private void call(String method, String path, String body) throws Exception {
        HttpResponse<String> response = api.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + proxy.adminPort() + "/mishap/v1/" + path))
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .header("content-type", "application/json")
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isLessThan(300);
    }

    /** What one held connection has to say. */
    private static byte[] words(int number) {
        byte[] data = new byte[100];
        new Random(number).nextBytes(data);
        return data;
    }

    /** A client's end of a held connection. */
    private static final class Held {
        final String group;
        final int number;
        final SocketChannel channel;
        final ByteBuffer got = ByteBuffer.allocate(200);

        @Nullable
        String end;

        Held(String group, int number, SocketChannel channel) {
            this.group = group;
            this.number = number;
            this.channel = channel;
        }

        boolean isServed() {
            return got.position() == 100;
        }
    }

    private List<Held> hold(String group, int network, int count) throws IOException {
        List<Held> held = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open();
            open.add(channel);
            channel.bind(new InetSocketAddress("127." + network + "." + i / 200 + "." + (1 + i % 200), 0));
            channel.connect(new InetSocketAddress("127.0.0.1", tcp));
            channel.write(ByteBuffer.wrap(words(i)));
            channel.configureBlocking(false);
            held.add(new Held(group, i, channel));
        }
        return held;
    }

    @Test
    void tenThousandHeldConnectionsAndRulesThatChangeAllTheTime() throws Exception {
        put("swallow", "black-hole from 127.8.0.0/16 experiment HELD");
        put("pool", "exhaust-pool " + POOL + " queue from 127.9.0.0/16 experiment HELD");
        put("late", "latency 1h from 127.10.0.0/16 experiment HELD");
        List<Held> held = new ArrayList<>(hold("swallowed", 8, SWALLOWED));
        held.addAll(hold("pool", 9, POOL + QUEUED));
        held.addAll(hold("late", 10, LATE));
        Sidecar.await(() -> proxy.stat("mishap.active_connection_faults") == HELD
                && proxy.stat("cluster.service.upstream_cx_active") == LATE);

        ExecutorService clients = Executors.newFixedThreadPool(3);
        open.add(clients::shutdownNow);
        boolean[] over = {false};
        List<Future<Long>> traffic = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int seed = i;
            traffic.add(clients.submit(() -> echo(seed, over)));
        }
        String[] lines = {
            "latency 1ms jitter 1ms from 127.0.0.1",
            "slice 700 bytes vary 300 from 127.0.0.1",
            "bandwidth 100MiB/s upstream from 127.0.0.1",
            "partition on cluster other",
            "latency 1ms downstream when endpoint port = 1",
            "slow-close 1ms from 127.0.0.1",
        };
        long next = System.nanoTime();
        for (int i = 0; i < CHANGES; i++) {
            put("changing", lines[i % lines.length]);
            // A hundred a second, where the machine can.
            next += 10_000_000;
            while (System.nanoTime() < next) {
                LockSupport.parkNanos(next - System.nanoTime());
            }
        }
        synchronized (over) {
            over[0] = true;
        }
        for (Future<Long> each : traffic) {
            assertThat(each.get(60, TimeUnit.SECONDS)).isPositive();
        }
        // What is held is held whatever other rules do; the last connections of the traffic may be under way for a
        // moment.
        Sidecar.await(() -> proxy.stat("mishap.active_connection_faults") == HELD);

        call("POST", "kill?reason=enough", "");
        letGo(held);
        Map<String, Integer> ends = new TreeMap<>();
        for (Held each : held) {
            if (each.isServed()) {
                byte[] got = new byte[100];
                each.got.flip().get(got);
                assertThat(got).as("%s %s", each.group, each.number).isEqualTo(words(each.number));
            }
            ends.merge(each.group + " " + (each.isServed() ? "served" : each.end), 1, Integer::sum);
            each.channel.close();
        }
        assertThat(ends)
                .isEqualTo(Map.of(
                        "swallowed FIN", SWALLOWED, "pool FIN", POOL, "pool served", QUEUED, "late served", LATE));
        Sidecar.await(() -> proxy.stat("tcp.t.downstream_cx_total") > 0
                && proxy.stat("listener.127.0.0.1_" + tcp + ".downstream_cx_active") == 0
                && proxy.stat("cluster.service.upstream_cx_active") == 0
                && proxy.stat("mishap.active_connection_faults") == 0);
        assertThat(proxy.isAlive()).isTrue();
        assertThat(proxy.leaks()).isEmpty();
    }

    /** Reads until each connection has been served or has ended. */
    private static void letGo(List<Held> held) throws IOException {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        try (Selector selector = Selector.open()) {
            for (Held each : held) {
                each.channel.register(selector, SelectionKey.OP_READ, each);
            }
            int left = held.size();
            while (left > 0) {
                assertThat(System.nanoTime()).as(left + " are still held").isLessThan(limit);
                selector.select(1000);
                for (SelectionKey key : selector.selectedKeys()) {
                    Held each = (Held) key.attachment();
                    try {
                        if (each.channel.read(each.got) < 0) {
                            each.end = "FIN";
                        }
                    } catch (IOException e) {
                        each.end = "RST";
                    }
                    if (each.end != null || each.isServed()) {
                        key.cancel();
                        left--;
                    }
                }
                selector.selectedKeys().clear();
            }
        }
    }

    /** Sends random bytes until it is over and compares the checksum of what comes back; how many there were. */
    private long echo(int seed, boolean[] over) throws IOException {
        Random random = new Random(seed);
        CRC32 sent = new CRC32();
        CRC32 received = new CRC32();
        long total = 0;
        try (Socket socket = new Socket()) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(60_000);
            socket.connect(new InetSocketAddress("127.0.0.1", tcp));
            while (true) {
                synchronized (over) {
                    if (over[0]) {
                        break;
                    }
                }
                byte[] data = new byte[1 + random.nextInt(20_000)];
                random.nextBytes(data);
                socket.getOutputStream().write(data);
                sent.update(data);
                received.update(socket.getInputStream().readNBytes(data.length));
                total += data.length;
                assertThat(received.getValue()).isEqualTo(sent.getValue());
            }
            socket.shutdownOutput();
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
        return total;
    }

    /** A service that echoes, with one thread for all of its connections. */
    private static final class Echo implements AutoCloseable {
        private final ServerSocketChannel server = ServerSocketChannel.open();
        private final Selector selector = Selector.open();
        private final ByteBuffer buffer = ByteBuffer.allocate(65536);

        Echo() throws IOException {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 4096);
            server.configureBlocking(false);
            server.register(selector, SelectionKey.OP_ACCEPT);
            Thread thread = new Thread(this::run, "echo");
            thread.setDaemon(true);
            thread.start();
        }

        int port() {
            return server.socket().getLocalPort();
        }

        private void run() {
            try {
                while (selector.isOpen()) {
                    selector.select();
                    for (SelectionKey key : selector.selectedKeys()) {
                        serve(key);
                    }
                    selector.selectedKeys().clear();
                }
            } catch (java.nio.channels.ClosedSelectorException over) {
                // The test has ended.
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        private void serve(SelectionKey key) throws IOException {
            if (key.isAcceptable()) {
                SocketChannel accepted = server.accept();
                if (accepted != null) {
                    accepted.configureBlocking(false);
                    accepted.register(selector, SelectionKey.OP_READ);
                }
                return;
            }
            SocketChannel channel = (SocketChannel) key.channel();
            try {
                buffer.clear();
                if (channel.read(buffer) < 0) {
                    channel.close();
                    return;
                }
                buffer.flip();
                // A client reads all of an answer before it says more, so that there is always room for one.
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
            } catch (IOException gone) {
                channel.close();
            }
        }

        @Override
        public void close() throws IOException {
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
            selector.close();
        }
    }
}
