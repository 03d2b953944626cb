package dev.mishap.proxy.filter.http.mishap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.mishap.proxy.rules.ProvesFault;
import dev.mishap.proxy.rules.RulesApi;
import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import dev.mishap.proxy.server.TestOptions;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Faults as a client sees them, over sockets, with two workers. */
@Timeout(30)
class FaultSocketTest {
    private static final String RESET_FILTER = """
            {name: mishap.filters.http.fault, typed_config: {'@type': type.googleapis.com/mishap.filters.http.fault.v1.HttpFault,
             reset: {percentage: {numerator: 100}}, headers: [{name: x-reset, present_match: true}], experiment_id: E7}},
            """;

    @TempDir
    private Path directory;

    private final List<AutoCloseable> open = new ArrayList<>();
    private Server server;
    private RulesApi api;

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private void start(String filters) throws Exception {
        HttpServer upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            String baggage = exchange.getRequestHeaders().getFirst("baggage");
            byte[] body = exchange.getRequestURI().getPath().equals("/big")
                    ? new byte[20_000]
                    : ("ok " + baggage).getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        upstream.start();
        open.add(() -> upstream.stop(0));
        String yaml = """
                static_resources:
                  listeners:
                  - name: ingress
                    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                    filter_chains:
                    - filters:
                      - name: hcm
                        typed_config:
                          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                          stat_prefix: ingress
                          route_config:
                            virtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /}, route: {cluster: u1}}]}]
                          http_filters: [%s {name: envoy.filters.http.router,
                             typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]
                          access_log:
                          - name: file
                            typed_config:
                              '@type': type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                              path: %s
                              log_format: {text_format_source: {inline_string: "%%RESPONSE_CODE%% %%RESPONSE_FLAGS%% %%RESPONSE_CODE_DETAILS%% %%DYNAMIC_METADATA(mishap:experiment)%%\\n"}}
                  clusters:
                  - name: u1
                    connect_timeout: 1s
                    load_assignment:
                      cluster_name: u1
                      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
                """.formatted(filters, log(), upstream.getAddress().getPort());
        Options options = TestOptions.brief(yaml, 2, "info");
        server = new Server(options, BootstrapLoader.load(options));
        open.add(0, server::close);
        server.start();
        api = new RulesApi(server.rules(), null);
    }

    private Path log() {
        return directory.resolve("access.log");
    }

    private void put(String name, String query, String spec) {
        String body =
                "{apiVersion: mishap.dev/v1, kind: FaultRule, metadata: {name: " + name + "}, spec: " + spec + "}";
        RulesApi.Response response = api.handle(new RulesApi.Request(
                "PUT",
                RulesApi.PREFIX + "rules/" + name,
                query.isEmpty() ? Map.of() : Map.of("lease", "l", "leaseMillis", query),
                null,
                true,
                body.getBytes(StandardCharsets.UTF_8)));
        assertThat(response.status()).as(response.body()).isLessThan(300);
    }

    /** Sends a GET and reads to the end of the connection. */
    private String get(String path, String... headers) throws IOException {
        try (Socket socket = new Socket(
                InetAddress.getLoopbackAddress(), server.listeners().get(0).port())) {
            StringBuilder head = new StringBuilder("GET " + path + " HTTP/1.1\r\nhost: a\r\nconnection: close\r\n");
            for (String header : headers) {
                head.append(header).append("\r\n");
            }
            socket.getOutputStream().write(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    private void awaitLog(String line) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!Files.exists(log()) || !Files.readString(log()).contains(line)) {
            assertThat(System.nanoTime()).as("no '%s' in the log", line).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @Test
    void aResetOfTheFilterIsATcpReset() throws Exception {
        start(RESET_FILTER);

        assertThat(get("/")).startsWith("HTTP/1.1 200 OK\r\n");
        assertThatThrownBy(() -> get("/", "x-reset: 1"))
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset");

        assertThat(server.stats().value("http.ingress.mishap_fault.resets_injected"))
                .isEqualTo(1);
        awaitLog("mishap_reset E7");
    }

    @Test
    @ProvesFault("reset")
    void aResetOfARuleIsATcpReset() throws Exception {
        start("");
        put("r", "60000", "{experimentId: E1, fault: {reset: {}}}");

        assertThatThrownBy(() -> get("/")).isInstanceOf(SocketException.class).hasMessageContaining("reset");

        awaitLog("0 FI,LR mishap_reset E1");
    }

    /** What arrives before the connection is reset; fails when it is not. */
    private String untilReset(String path) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Socket socket = new Socket(
                InetAddress.getLoopbackAddress(), server.listeners().get(0).port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nhost: a\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            int c;
            while ((c = socket.getInputStream().read()) >= 0) {
                all.write(c);
            }
            throw new AssertionError("an end and no reset after " + all);
        } catch (SocketTimeoutException e) {
            throw new AssertionError("no end after " + all, e);
        } catch (SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
            return all.toString(StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    @ProvesFault("reset")
    void aResetAfterTheHeaders() throws Exception {
        start("");
        put("r", "60000", "{experimentId: E1, fault: {reset: {after: headers}}}");

        assertThat(untilReset("/big")).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\n");

        awaitLog("200 FI,LR mishap_reset E1");
        assertThat(server.stats().value("mishap.resets_injected")).isEqualTo(1);
    }

    @Test
    @ProvesFault("reset")
    void aResetAfterSoManyBytesOfTheBody() throws Exception {
        start("");
        put("r", "60000", "{experimentId: E1, fault: {reset: {afterBodyBytes: 12345}}}");

        String response = untilReset("/big");
        assertThat(response.substring(response.indexOf("\r\n\r\n") + 4)).hasSize(12345);
        assertThat(get("/")).as("a shorter body passes").endsWith("ok null");

        awaitLog("200 FI,LR mishap_reset E1");
    }

    @Test
    void aResetAfterASlowBody() throws Exception {
        start("");
        put("slow", "60000", "{fault: {responseRateLimit: {kbps: 64}}}");
        put("r", "60000", "{fault: {reset: {afterBodyBytes: 10000}}}");

        long start = System.nanoTime();
        String response = untilReset("/big");
        assertThat(response.substring(response.indexOf("\r\n\r\n") + 4)).hasSize(10000);
        // Slices of 3,276 bytes, the first at once.
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(150));
    }

    /** A frame as it came: its type, flags, stream, and what it carries. */
    private record Frame(int type, int flags, int stream, byte[] payload) {
        int code(int at) {
            return ByteBuffer.wrap(payload).getInt(at);
        }
    }

    private static void write(OutputStream out, int type, int flags, int stream, byte... payload) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(9 + payload.length);
        frame.putInt(payload.length << 8 | type)
                .put((byte) flags)
                .putInt(stream)
                .put(payload);
        out.write(frame.array());
    }

    /** Frames up to (and with) the first of a type, or to the end of the connection. */
    private static List<Frame> readTo(DataInputStream in, int type) throws IOException {
        List<Frame> frames = new ArrayList<>();
        try {
            do {
                int head = in.readInt();
                int flags = in.readUnsignedByte();
                int stream = in.readInt();
                frames.add(new Frame(head & 0xff, flags, stream, in.readNBytes(head >>> 8)));
            } while (frames.get(frames.size() - 1).type() != type);
        } catch (EOFException end) {
            // as asked
        }
        return frames;
    }

    private static final byte[] GET_BIG = {
        (byte) 0x82, (byte) 0x86, 0x04, 4, '/', 'b', 'i', 'g', 0x01, 1, 'a' // :method, :scheme, :path, :authority
    };
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int GOAWAY = 7;

    private Socket http2() throws IOException {
        Socket socket = new Socket(
                InetAddress.getLoopbackAddress(), server.listeners().get(0).port());
        socket.setSoTimeout(10_000);
        OutputStream out = socket.getOutputStream();
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        write(out, 4, 0, 0);
        return socket;
    }

    @ParameterizedTest
    @CsvSource({
        "'{}', 0, 0, 2",
        "'{code: REFUSED_STREAM}', 0, 0, 7",
        "'{after: headers, code: CANCEL}', 1, 0, 8",
        "'{afterBodyBytes: 9000, code: ENHANCE_YOUR_CALM}', 1, 9000, 11"
    })
    void aResetOfAStream(String reset, int headers, int bytes, int code) throws Exception {
        start("");
        put("r", "60000", "{fault: {reset: " + reset + "}, limits: {maxPerSecond: 1}}");
        try (Socket socket = http2()) {
            write(socket.getOutputStream(), HEADERS, 5, 1, GET_BIG);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            List<Frame> frames = readTo(in, RST_STREAM);
            assertThat(frames.stream().filter(f -> f.type() == HEADERS)).hasSize(headers);
            assertThat(frames.stream()
                            .filter(f -> f.type() == DATA)
                            .mapToInt(f -> f.payload().length)
                            .sum())
                    .isEqualTo(bytes);
            Frame last = frames.get(frames.size() - 1);
            assertThat(last.stream()).isEqualTo(1);
            assertThat(last.code(0)).isEqualTo(code);

            api.handle(new RulesApi.Request("DELETE", RulesApi.PREFIX + "rules", Map.of(), null, true, new byte[0]));
            write(socket.getOutputStream(), HEADERS, 5, 3, GET_BIG);
            assertThat(readTo(in, HEADERS)).as("the connection goes on").last().matches(f -> f.stream() == 3);
        }
    }

    @Test
    @ProvesFault("reset")
    void aResetOfAWholeConnection() throws Exception {
        start("");
        put(
                "r",
                "60000",
                "{experimentId: E1, fault: {reset: {afterBodyBytes: 100, code: INTERNAL_ERROR, goAway: true}}}");
        try (Socket socket = http2()) {
            write(socket.getOutputStream(), HEADERS, 5, 1, GET_BIG);
            List<Frame> frames = readTo(new DataInputStream(socket.getInputStream()), -1);
            assertThat(frames.stream()
                            .filter(f -> f.type() == DATA)
                            .mapToInt(f -> f.payload().length)
                            .sum())
                    .isEqualTo(100);
            Frame last = frames.get(frames.size() - 1);
            assertThat(last.type()).isEqualTo(GOAWAY);
            assertThat(last.code(0)).isEqualTo(1);
            assertThat(last.code(4)).isEqualTo(2);
            assertThat(frames.stream().filter(f -> f.type() == RST_STREAM)).isEmpty();
        }
        awaitLog("200 FI,LR mishap_reset E1");
    }

    @Test
    @ProvesFault("abort")
    void anAbortIsAnsweredAndMarked() throws Exception {
        start("");
        put("r", "60000", "{experimentId: E1, fault: {abort: {httpStatus: 503}}, tag: {responseHeader: x-chaos}}");

        assertThat(get("/"))
                .startsWith("HTTP/1.1 503 Service Unavailable\r\n")
                .contains("x-chaos: E1\r\n", "content-type: text/plain\r\n")
                .endsWith("\r\n\r\nfault filter abort");
        awaitLog("503 FI mishap_abort E1");
        assertThat(server.stats().value("mishap.rule.r.touched")).isEqualTo(1);
        assertThat(server.stats().value("mishap.experiment.E1.touched")).isEqualTo(1);
    }

    @Test
    @ProvesFault("delay")
    void aDelayIsNeverShort() throws Exception {
        start("");
        put("r", "60000", "{fault: {delay: {fixed: 60ms}}, tag: {baggage: true}, experimentId: 'E1'}");
        for (int i = 0; i < 10; i++) {
            long start = System.nanoTime();
            String response = get("/", "baggage: user=a");
            long took = System.nanoTime() - start;

            assertThat(response).startsWith("HTTP/1.1 200").contains("ok user=a,chaos.experiment.id=E1");
            assertThat(took).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(60));
        }
        awaitLog("200 DI via_upstream E1");
    }

    @Test
    @ProvesFault("responseRateLimit")
    void aBodyIsSlowed() throws Exception {
        start("");
        put("r", "60000", "{fault: {responseRateLimit: {kbps: 64}}}");

        long start = System.nanoTime();
        String response = get("/big");
        long took = System.nanoTime() - start;

        assertThat(response).endsWith("\0".repeat(20_000));
        // 20,000 bytes are seven slices of 3,276; the first goes at once.
        assertThat(took).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(300));
    }

    @Test
    void aRuleThatNobodyRenewsGoesAway() throws Exception {
        start("");
        long start = System.nanoTime();
        put("r", "1500", "{fault: {abort: {httpStatus: 503}}}");
        assertThat(get("/")).startsWith("HTTP/1.1 503");

        while (get("/").startsWith("HTTP/1.1 503")) {
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(15));
        }

        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(1500));
        assertThat(server.rules().active().isIdle()).isTrue();
    }

    @Test
    void theCapHoldsOverAllWorkers() throws Exception {
        start("");
        put("r", "60000", "{fault: {abort: {httpStatus: 503}}, limits: {maxTrafficPercent: 10}}");
        ExecutorService clients = Executors.newFixedThreadPool(8);
        open.add(clients::shutdownNow);
        List<Callable<Integer>> calls = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            calls.add(() -> {
                int aborted = 0;
                for (int n = 0; n < 50; n++) {
                    aborted += get("/").startsWith("HTTP/1.1 503") ? 1 : 0;
                }
                return aborted;
            });
        }
        int aborted = 0;
        for (Future<Integer> each : clients.invokeAll(calls)) {
            aborted += each.get();
        }

        // 10 % of the 400; on a slow machine the window of ten seconds moves on and rounds up again.
        assertThat(aborted).isBetween(15, 45);
        assertThat(server.stats().value("mishap.rule.r.scoped")).isEqualTo(400);
        assertThat(server.stats().value("mishap.rule.r.touched")).isEqualTo(aborted);
    }

    private static final byte[] GET_ROOT = {(byte) 0x82, (byte) 0x86, (byte) 0x84, 0x01, 1, 'a'};

    private void delete(Map<String, String> query) {
        RulesApi.Response response =
                api.handle(new RulesApi.Request("DELETE", RulesApi.PREFIX + "rules", query, null, true, new byte[0]));
        assertThat(response.status()).as(response.body()).isEqualTo(200);
    }

    private void awaitHeld(int requests) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (server.stats().value("mishap.active_faults") != requests) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    /** HTTP/1 and HTTP/2: what a rule holds goes on when the rule is deleted, not five minutes later. */
    @Test
    void aDeletedRuleLetsGoOfWhatItDelays() throws Exception {
        start("");
        put("r", "60000", "{fault: {delay: {fixed: 5m}}}");
        put("s", "60000", "{fault: {abort: {httpStatus: 503}}}");
        ExecutorService clients = Executors.newCachedThreadPool();
        open.add(clients::shutdownNow);
        Future<String> one = clients.submit(() -> get("/"));
        Future<String> two = clients.submit(() -> get("/"));
        try (Socket socket = http2()) {
            write(socket.getOutputStream(), HEADERS, 5, 1, GET_ROOT);
            write(socket.getOutputStream(), HEADERS, 5, 3, GET_ROOT);
            awaitHeld(4);

            delete(Map.of());

            assertThat(one.get()).startsWith("HTTP/1.1 200");
            assertThat(two.get()).startsWith("HTTP/1.1 200");
            DataInputStream in = new DataInputStream(socket.getInputStream());
            assertThat(readTo(in, HEADERS)).last().matches(f -> f.code(0) >>> 24 == 0x88);
            assertThat(readTo(in, HEADERS)).last().matches(f -> f.code(0) >>> 24 == 0x88);
        }
        awaitHeld(0);
        awaitLog("200 DI via_upstream");
    }

    /** What another rule does stays: the abort comes when the delay before it ends. */
    @Test
    void whatOtherRulesDoToAHeldRequestStays() throws Exception {
        start("");
        put("r", "60000", "{fault: {delay: {fixed: 5m}}}");
        put("s", "59000", "{fault: {abort: {httpStatus: 418}}}");
        ExecutorService client = Executors.newSingleThreadExecutor();
        open.add(client::shutdownNow);
        Future<String> answer = client.submit(() -> get("/"));
        awaitHeld(1);

        RulesApi.Response ended = api.handle(
                new RulesApi.Request("DELETE", RulesApi.PREFIX + "rules/r", Map.of(), null, true, new byte[0]));
        assertThat(ended.body()).contains("\"deleted\":1");

        assertThat(answer.get()).startsWith("HTTP/1.1 418");
    }

    @Test
    void aLeaseThatRunsOutLetsGoToo() throws Exception {
        start("");
        put("r", "500", "{fault: {delay: {fixed: 5m}}}");
        long begin = System.nanoTime();

        assertThat(get("/")).startsWith("HTTP/1.1 200");

        assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(25));
    }

    @Test
    void whoAsksForItHasHeldRequestsKeepTheirTime() throws Exception {
        start("");
        put("r", "60000", "{fault: {delay: {fixed: 1500ms}}}");
        ExecutorService client = Executors.newSingleThreadExecutor();
        open.add(client::shutdownNow);
        long begin = System.nanoTime();
        Future<String> answer = client.submit(() -> get("/"));
        awaitHeld(1);

        delete(Map.of("release", "false"));

        assertThat(answer.get()).startsWith("HTTP/1.1 200");
        assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(1500));
    }
}
