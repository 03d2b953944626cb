package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.text.RuleLine;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many connections: the same seed decides the same, and rules that change all the time lose nothing. */
@Timeout(120)
class ConnectionFaultsUnderLoadTest {
    private static final String CONFIGURATION = """
            static_resources:
              listeners:
              - name: in
                address: {socket_address: {address: 0.0.0.0, port_value: %2$d}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.tcp_proxy
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: u}
              clusters:
              - name: u
                circuit_breakers: {thresholds: [{max_connections: 20000, max_pending_requests: 20000, max_requests: 20000}]}
                load_assignment:
                  cluster_name: u
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %1$d}}}}]}]
            """;

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        open.clear();
    }

    private interface Service {
        void serve(Socket socket) throws IOException;
    }

    private Server start(int workers, int port, Service service) throws IOException {
        ServerSocket upstream = new ServerSocket();
        upstream.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
        ExecutorService threads = Executors.newCachedThreadPool();
        threads.submit(() -> {
            while (true) {
                Socket socket = upstream.accept();
                threads.submit(() -> {
                    try (socket) {
                        service.serve(socket);
                    }
                    return null;
                });
            }
        });
        Options options = Options.of(CONFIGURATION.formatted(upstream.getLocalPort(), port), workers, "off");
        Server server = new Server(options, BootstrapLoader.load(options));
        server.start();
        open.add(() -> {
            server.shutdown();
            server.close();
            upstream.close();
            threads.shutdownNow();
        });
        return server;
    }

    private static void rules(Server server, String... lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "r" + i));
        }
        server.rules().replaceOwn(rules);
    }

    /** Which of the connections of each source were refused, in their order. */
    private Map<String, String> decisions(Server server) throws Exception {
        rules(server, "refuse 30% seed 42");
        int port = server.listeners().get(0).port();
        ExecutorService clients = Executors.newFixedThreadPool(8);
        open.add(clients::shutdownNow);
        Map<String, Future<String>> running = new TreeMap<>();
        for (int i = 0; i < 100; i++) {
            String source = "127.1." + i + ".7";
            running.put(source, clients.submit(() -> {
                StringBuilder row = new StringBuilder();
                for (int n = 0; n < 100; n++) {
                    row.append(refused(source, port) ? 'R' : '.');
                }
                return row.toString();
            }));
        }
        Map<String, String> rows = new TreeMap<>();
        for (Map.Entry<String, Future<String>> each : running.entrySet()) {
            rows.put(each.getKey(), each.getValue().get());
        }
        return rows;
    }

    private static boolean refused(String source, int port) throws IOException {
        while (true) {
            try (Socket socket = new Socket()) {
                socket.setSoLinger(true, 0);
                socket.setSoTimeout(20_000);
                socket.bind(new InetSocketAddress(source, 0));
                socket.connect(new InetSocketAddress("127.0.0.1", port));
                // An end instead of the greeting is a connection upstream that the kernel had no port for: not the
                // rule's doing.
                socket.getInputStream().read();
                return false;
            } catch (BindException taken) {
                // The port of the client's is one that another connection still has; this one was never made.
            } catch (SocketException e) {
                assertThat(e).hasMessageContaining("reset");
                return true;
            }
        }
    }

    @Test
    void theSameSeedDecidesTheSameOnOneWorkerAndOnTwo() throws Exception {
        Service greeting = socket -> socket.getOutputStream().write('x');
        Server first = start(1, 0, greeting);
        Map<String, String> one = decisions(first);
        // The same port, since where a connection goes is part of its key.
        int port = first.listeners().get(0).port();
        close();
        Map<String, String> two = decisions(start(2, port, greeting));
        assertThat(two).isEqualTo(one);
        long refused = one.values().stream()
                .mapToLong(row -> row.chars().filter(c -> c == 'R').count())
                .sum();
        assertThat(refused).isBetween(2700L, 3300L);
        assertThat(one.values().stream().distinct()).hasSizeGreaterThan(90);
    }

    @Test
    void rulesThatChangeAllTheTimeLoseNoByte() throws Exception {
        Server server = start(2, 0, socket -> {
            byte[] buffer = new byte[65536];
            int n;
            while ((n = socket.getInputStream().read(buffer)) > 0) {
                socket.getOutputStream().write(buffer, 0, n);
            }
        });
        InetSocketAddress address = new InetSocketAddress(
                InetAddress.getLoopbackAddress(), server.listeners().get(0).port());
        rules(server, "black-hole from 127.9.0.0/16");
        List<Socket> held = new ArrayList<>();
        open.add(() -> {
            for (Socket each : held) {
                each.close();
            }
        });
        for (int i = 0; i < 1000; i++) {
            Socket socket = new Socket();
            socket.bind(new InetSocketAddress("127.9." + i / 250 + "." + (1 + i % 250), 0));
            socket.connect(address);
            held.add(socket);
        }
        String[][] sets = {
            {"black-hole from 127.9.0.0/16", "latency 1ms jitter 1ms"},
            {"black-hole from 127.9.0.0/16", "slice 700 bytes vary 300"},
            {"black-hole from 127.9.0.0/16"},
            {"black-hole from 127.9.0.0/16", "bandwidth 100MiB/s upstream", "latency 500us downstream"},
            {"black-hole from 127.9.0.0/16", "partition when endpoint address = 127.0.0.0/8"},
            {"black-hole from 127.9.0.0/16", "latency 1ms when endpoint port = " + 1, "slow-close 1ms"},
        };
        ExecutorService clients = Executors.newFixedThreadPool(6);
        open.add(clients::shutdownNow);
        int changes = 300;
        List<Future<Long>> traffic = new ArrayList<>();
        boolean[] over = {false};
        for (int i = 0; i < 4; i++) {
            int seed = i;
            traffic.add(clients.submit(() -> echo(address, seed, over)));
        }
        for (int i = 0; i < changes; i++) {
            long next = System.nanoTime() + 10_000_000;
            rules(server, sets[i % sets.length]);
            while (System.nanoTime() < next) {
                LockSupport.parkNanos(next - System.nanoTime());
            }
        }
        rules(server);
        synchronized (over) {
            over[0] = true;
        }
        long bytes = 0;
        for (Future<Long> each : traffic) {
            bytes += each.get(60, TimeUnit.SECONDS);
        }
        assertThat(bytes).isPositive();
        for (Socket each : held) {
            each.close();
        }
        long limit = System.nanoTime() + 20_000_000_000L;
        while (server.listeners().get(0).connections() > 0) {
            assertThat(System.nanoTime()).isLessThan(limit);
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(server.stats().value("mishap.active_connection_faults")).isZero();
        assertThat(server.stats().value("cluster.u.upstream_cx_active")).isZero();
    }

    /** Sends random bytes until it is over and compares the checksum of what comes back; how many there were. */
    private static long echo(InetSocketAddress to, int seed, boolean[] over) throws Exception {
        Random random = new Random(seed);
        CRC32 sent = new CRC32();
        CRC32 received = new CRC32();
        long total = 0;
        try (Socket socket = new Socket()) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(30_000);
            socket.connect(to);
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
}
