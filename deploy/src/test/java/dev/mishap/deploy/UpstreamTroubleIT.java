package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a proxy must keep to while everything around it breaks: no response is lost, doubled or given to another request, memory is
 * bounded, the counts agree with what the client saw, and nothing leaks. The real Envoy goes through the same, which shows that
 * the test asks for no more than that.
 */
@Timeout(240)
class UpstreamTroubleIT {
    private static final String CONFIGURATION = """
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: ${admin}}}}
            static_resources:
              listeners:
              - name: in
                address: {socket_address: {address: 127.0.0.1, port_value: ${listener}}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: t
                      access_log:
                      - name: envoy.access_loggers.file
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                          path: ${log}
                          log_format: {text_format_source: {inline_string: "%RESPONSE_CODE% %RESPONSE_FLAGS% %REQ(X-ID)%\\n"}}
                      route_config:
                        virtual_hosts:
                        - {name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: u, timeout: ${timeout}}}]}
                      http_filters:
                      - name: envoy.filters.http.fault
                        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}
                      - name: envoy.filters.http.router
                        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
              clusters:
              - name: u
                connect_timeout: 1s
                circuit_breakers: {thresholds: [{max_connections: 20000, max_pending_requests: 20000, max_requests: 20000}]}
                load_assignment:
                  cluster_name: u
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${upstream}}}}}]}]
            """;

    @TempDir
    Path directory;

    private int listener;

    private ProxyProcess start(ProxyProcess.Kind kind, int upstream, String timeout, String log) throws IOException {
        listener = ProxyProcess.freePort();
        return new ProxyProcess(
                kind,
                directory,
                CONFIGURATION
                        .replace("${listener}", Integer.toString(listener))
                        .replace("${upstream}", Integer.toString(upstream))
                        .replace("${timeout}", timeout)
                        .replace("${log}", log),
                "--concurrency",
                "2");
    }

    private String accessLog() {
        return directory.resolve("access.log").toString();
    }

    private static String get(String id, String trouble) {
        return "GET /a HTTP/1.1\r\nhost: t\r\nx-id: " + id + "\r\nx-trouble: " + trouble + "\r\n\r\n";
    }

    private static String post(String id, String trouble) {
        return "POST /a HTTP/1.1\r\nhost: t\r\nx-id: " + id + "\r\nx-trouble: " + trouble
                + "\r\ncontent-length: 2000\r\n\r\n" + "b".repeat(2000);
    }

    /** What the clients saw together. */
    private static final class Seen {
        final AtomicInteger total = new AtomicInteger();
        final AtomicInteger good = new AtomicInteger();
        final AtomicInteger errors = new AtomicInteger();
        final AtomicInteger cut = new AtomicInteger();
        final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    }

    @ParameterizedTest
    @EnumSource
    void noResponseIsLostDoubledOrMixedUp(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        int clients = 8;
        // Envoy lingers for a second on each connection that it ends.
        int each = kind == ProxyProcess.Kind.ENVOY ? 60 : 300;
        try (TroubledUpstream upstream = new TroubledUpstream();
                ProxyProcess proxy = start(kind, upstream.port(), "0.4s", accessLog())) {
            Seen seen = new Seen();
            List<Thread> threads = new ArrayList<>();
            for (int c = 0; c < clients; c++) {
                int client = c;
                Thread thread = new Thread(() -> drive(client, each, seen), "client-" + c);
                threads.add(thread);
                thread.start();
            }
            for (int round = 1; round <= 3; round++) {
                int until = clients * each * round / 4;
                Sidecar.await(() -> seen.total.get() >= until);
                upstream.kill();
                int errors = seen.errors.get();
                Sidecar.await(() -> seen.errors.get() > errors + 3);
                upstream.restart();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(seen.wrong).isEmpty();
            assertThat(seen.total.get()).isEqualTo(clients * each);
            assertThat(seen.good.get()).isGreaterThan(clients * each / 3);
            Sidecar.await(() -> proxy.stat("http.t.downstream_rq_active") == 0);
            Sidecar.await(() -> proxy.stat("http.t.downstream_cx_active") == 0);
            Map<String, Long> stats = proxy.stats();
            assertThat(stats).containsEntry("http.t.downstream_rq_total", (long) clients * each);
            assertThat(stats.get("http.t.downstream_rq_2xx")).isEqualTo(seen.good.get() + seen.cut.get());
            assertThat(stats.get("http.t.downstream_rq_5xx")).isEqualTo(seen.errors.get());
            assertThat(stats).containsEntry("cluster.u.upstream_rq_active", 0L);
            assertThat(stats).containsEntry("cluster.u.upstream_rq_pending_active", 0L);
            Sidecar.await(() -> lines(accessLog()).size() == clients * each);
            assertThat(lines(accessLog())).doesNotHaveDuplicates();
            upstream.kill();
            Sidecar.await(() -> proxy.stat("cluster.u.upstream_cx_active") == 0);
            if (kind == ProxyProcess.Kind.MISHAP) {
                assertThat(proxy.leaks()).isEmpty();
            }
        }
    }

    private void drive(int client, int count, Seen seen) {
        SplittableRandom random = new SplittableRandom(client);
        RawHttp connection = null;
        try {
            for (int i = 0; i < count; i++) {
                String id = "c" + client + "-" + i;
                String trouble = switch (random.nextInt(20)) {
                    case 0 -> "reset";
                    case 1 -> "cut";
                    case 2 -> "close";
                    case 3 -> "garbage";
                    case 4 -> i % 10 == 0 ? "stall" : "bye";
                    case 5, 6, 7 -> "bye";
                    default -> "none";
                };
                if (connection == null) {
                    connection = new RawHttp(listener);
                }
                connection.send(random.nextBoolean() ? get(id, trouble) : post(id, trouble));
                RawHttp.Answer answer = connection.read();
                seen.total.incrementAndGet();
                judge(id, trouble, answer, seen);
                if (connection.hasSurplus()) {
                    seen.wrong.add(id + ": bytes after the response");
                }
                if (answer.end() != RawHttp.End.KEPT) {
                    connection.close();
                    connection = null;
                }
            }
            if (connection != null) {
                connection.close();
            }
        } catch (IOException e) {
            seen.wrong.add("client " + client + ": " + e);
        }
    }

    private static void judge(String id, String trouble, RawHttp.Answer answer, Seen seen) {
        if (answer.end() == RawHttp.End.NOTHING) {
            seen.wrong.add(id + " (" + trouble + "): no response at all");
        } else if (answer.status() == 200 && answer.end() == RawHttp.End.CUT) {
            seen.cut.incrementAndGet();
            if (!(id + "\n").repeat(40).startsWith(answer.body())) {
                seen.wrong.add(id + ": a part of another's body: " + answer.body());
            }
        } else if (answer.status() == 200) {
            seen.good.incrementAndGet();
            if (!answer.body().equals((id + "\n").repeat(40))
                    || !RawHttp.header(answer.head(), "x-id", "").equals(id)) {
                seen.wrong.add(id + " (" + trouble + "): another's response: " + answer.head());
            }
        } else if (answer.status() >= 502 && answer.status() <= 504 && answer.end() != RawHttp.End.CUT) {
            seen.errors.incrementAndGet();
        } else {
            seen.wrong.add(id + " (" + trouble + "): " + answer);
        }
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            return List.of();
        }
    }

    /** A client that does not read holds its server up: the proxy must not take in what it can't pass on. */
    @ParameterizedTest
    @EnumSource
    void aSlowReaderBoundsWhatIsHeld(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        long size = 64L << 20;
        AtomicLong written = new AtomicLong();
        try (ServerSocket upstream = listening()) {
            serveOnce(upstream, socket -> {
                RawHttp.head(socket.getInputStream());
                OutputStream out = socket.getOutputStream();
                out.write(("HTTP/1.1 200 OK\r\ncontent-length: " + size + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                byte[] piece = new byte[16384];
                for (long n = 0; n < size; n += piece.length) {
                    out.write(piece);
                    written.addAndGet(piece.length);
                }
            });
            try (ProxyProcess proxy = start(kind, upstream.getLocalPort(), "0s", accessLog());
                    Socket client = new Socket("127.0.0.1", listener)) {
                client.getOutputStream().write(get("1", "none").getBytes(StandardCharsets.US_ASCII));
                assertThat(stalledAt(written)).isLessThan(size / 2);
                InputStream in = client.getInputStream();
                String head = RawHttp.head(in);
                assertThat(head).startsWith("HTTP/1.1 200");
                in.skipNBytes(size);
                assertThat(written.get()).isEqualTo(size);
                assertThat(proxy.isAlive()).isTrue();
            }
        }
    }

    /** The same the other way round. */
    @ParameterizedTest
    @EnumSource
    void aServerThatDoesNotReadHoldsItsClientUp(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        long size = 64L << 20;
        AtomicLong written = new AtomicLong();
        Object mayRead = new Object();
        try (ServerSocket upstream = listening()) {
            serveOnce(upstream, socket -> {
                InputStream in = socket.getInputStream();
                RawHttp.head(in);
                synchronized (mayRead) {
                    in.skipNBytes(size);
                }
                socket.getOutputStream()
                        .write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            });
            try (ProxyProcess proxy = start(kind, upstream.getLocalPort(), "0s", accessLog());
                    RawHttp client = new RawHttp(listener)) {
                Thread writer;
                synchronized (mayRead) {
                    writer = new Thread(() -> {
                        try {
                            client.send("POST / HTTP/1.1\r\nhost: t\r\ncontent-length: " + size + "\r\n\r\n");
                            byte[] piece = new byte[16384];
                            for (long n = 0; n < size; n += piece.length) {
                                client.socket().getOutputStream().write(piece);
                                written.addAndGet(piece.length);
                            }
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    });
                    writer.start();
                    assertThat(stalledAt(written)).isLessThan(size / 2);
                }
                writer.join();
                assertThat(client.read().status()).isEqualTo(200);
                assertThat(proxy.stat("http.t.downstream_cx_rx_bytes_total")).isGreaterThan(size);
            }
        }
    }

    private static ServerSocket listening() throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.bind(new InetSocketAddress("127.0.0.1", 0));
        return socket;
    }

    private interface Service {
        void serve(Socket socket) throws IOException;
    }

    private static void serveOnce(ServerSocket server, Service service) {
        Thread thread = new Thread(
                () -> {
                    try (Socket socket = server.accept()) {
                        service.serve(socket);
                        socket.getInputStream().read();
                    } catch (IOException gone) {
                        // The test has ended.
                    }
                },
                "upstream");
        thread.setDaemon(true);
        thread.start();
    }

    /** Where a count stands that has begun and does not grow any more. */
    private static long stalledAt(AtomicLong count) {
        Sidecar.await(() -> count.get() > 0);
        long last = count.get();
        int same = 0;
        while (same < 100) {
            LockSupport.parkNanos(5_000_000);
            long now = count.get();
            same = now == last ? same + 1 : 0;
            last = now;
        }
        return last;
    }

    /** A log that can't be written is no reason to stop serving. */
    @ParameterizedTest
    @EnumSource
    void aFullDiskCostsLogLinesOnly(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        try (TroubledUpstream upstream = new TroubledUpstream();
                ProxyProcess proxy = start(kind, upstream.port(), "5s", "/dev/full");
                RawHttp client = new RawHttp(listener)) {
            for (int i = 0; i < 200; i++) {
                client.send(get("f" + i, "none"));
                assertThat(client.read().status()).isEqualTo(200);
            }
            Sidecar.await(() -> proxy.stat("filesystem.write_failed") > 0);
            assertThat(proxy.stat("http.t.downstream_rq_2xx")).isEqualTo(200);
            // What came after the first flush waits for the next.
            Sidecar.await(() -> proxy.stat("filesystem.write_total_buffered") == 0);
        }
    }

    /** SIGTERM: what is under way ends well, what comes new is refused. Envoy ends at once. */
    @Test
    void responsesUnderWayAreFinishedOnSigterm() throws Exception {
        int count = 40;
        try (TroubledUpstream upstream = new TroubledUpstream();
                ProxyProcess proxy = start(ProxyProcess.Kind.MISHAP, upstream.port(), "30s", accessLog())) {
            List<RawHttp> clients = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                RawHttp client = new RawHttp(listener);
                client.send(get("d" + i, "stall"));
                clients.add(client);
            }
            RawHttp idle = new RawHttp(listener);
            Sidecar.await(() -> upstream.requests() == count);
            Sidecar.await(() -> proxy.stat("http.t.downstream_cx_active") == count + 1);
            proxy.terminate();
            assertThat(idle.read().end()).isEqualTo(RawHttp.End.NOTHING);
            Sidecar.await(this::refused);
            upstream.letGo();
            for (int i = 0; i < count; i++) {
                RawHttp.Answer answer = clients.get(i).read();
                assertThat(answer.status()).isEqualTo(200);
                assertThat(answer.end()).isEqualTo(RawHttp.End.LAST);
                assertThat(answer.body()).startsWith("d" + i + "\n");
            }
            assertThat(proxy.awaitExit(20)).isZero();
            assertThat(lines(accessLog())).hasSize(count);
            assertThat(proxy.leaks()).isEmpty();
        }
    }

    private boolean refused() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", listener));
            return false;
        } catch (ConnectException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void tenThousandConnections() throws Exception {
        int count = 10_000;
        Tools.Result limit = Tools.run(directory, 10, List.of("sh", "-c", "ulimit -n"));
        Assumptions.assumeTrue(
                limit.out().strip().equals("unlimited")
                        || Integer.parseInt(limit.out().strip()) > count + 4000,
                "needs ulimit -n above " + (count + 4000));
        try (TroubledUpstream upstream = new TroubledUpstream();
                ProxyProcess proxy = start(ProxyProcess.Kind.MISHAP, upstream.port(), "30s", accessLog())) {
            List<RawHttp> clients = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                RawHttp client = new RawHttp(listener);
                clients.add(client);
                if (i % 10 == 0) {
                    client.send(get("m" + i, "none"));
                    assertThat(client.read().body()).startsWith("m" + i + "\n");
                }
            }
            Sidecar.await(() -> proxy.stat("http.t.downstream_cx_active") == count);
            clients.get(count / 2 + 1).send(get("again", "none"));
            assertThat(clients.get(count / 2 + 1).read().status()).isEqualTo(200);
            for (RawHttp client : clients) {
                client.close();
            }
            Sidecar.await(() -> proxy.stat("http.t.downstream_cx_active") == 0);
            assertThat(proxy.leaks()).isEmpty();
        }
    }
}
