package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.rules.KillSwitch;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Protection;
import dev.mishap.rules.text.RuleLine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The kill switch of a whole proxy, on real sockets: nothing is touched any more, and what was held goes on. */
@Timeout(60)
class KillSwitchTest {
    private static final String CONFIGURATION = """
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
            static_resources:
              listeners:
              - name: http
                address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                filter_chains:
                - filters:
                  - name: hcm
                    typed_config:
                      '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: ingress
                      route_config:
                        virtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /}, route: {cluster: u, timeout: 0s}}]}]
                      http_filters:
                      - name: envoy.filters.http.fault
                        typed_config:
                          '@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
                          headers: [{name: x-stock, string_match: {exact: 'yes'}}]
                          delay: {fixed_delay: 3600s, percentage: {numerator: 100}}
                          abort: {http_status: 418, percentage: {numerator: 100}}
                      - name: mishap.filters.http.fault
                        typed_config:
                          '@type': type.googleapis.com/mishap.filters.http.fault.v1.HttpFault
                          headers: [{name: x-reset, string_match: {exact: 'yes'}}]
                          reset: {percentage: {numerator: 100}}
                      - name: envoy.filters.http.router
                        typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
              - name: tcp
                address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.tcp_proxy
                    typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: u}
              clusters:
              - name: u
                load_assignment:
                  cluster_name: u
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
            """;

    @TempDir
    private Path directory;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private HttpServer upstream;
    private Server server;

    @BeforeEach
    void start() throws IOException {
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 200_000);
            exchange.getResponseBody().write(new byte[200_000]);
            exchange.close();
        });
        upstream.start();
        server = server(new SafetyOptions(directory.resolve("kill"), true, Protection.DEFAULT, false));
        server.start();
    }

    private Server server(SafetyOptions safety) {
        Options options = Options.of(
                        CONFIGURATION.formatted(upstream.getAddress().getPort()), 2, "off")
                .withSafety(safety);
        return new Server(options, BootstrapLoader.load(options));
    }

    @AfterEach
    void stop() {
        server.shutdown();
        server.close();
        upstream.stop(0);
    }

    private void rules(String... lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "r" + i));
        }
        server.rules().replaceOwn(rules);
    }

    private CompletableFuture<HttpResponse<byte[]>> send(String... header) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.listeners().get(0).port() + "/pay"));
        if (header.length > 0) {
            request.header(header[0], header[1]);
        }
        return client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private int status(String... header) throws Exception {
        return send(header).get(20, TimeUnit.SECONDS).statusCode();
    }

    private HttpResponse<String> admin(String method, String path, @Nullable String body) throws Exception {
        int port = ((InetSocketAddress) server.adminAddress()).getPort();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body))
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private static void await(BooleanSupplier condition) {
        long limit = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("did not come true").isLessThan(limit);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private long gauge(String name) {
        return server.stats().gauge(name).value();
    }

    private void kill(KillSwitch.Cause cause) throws Exception {
        switch (cause) {
            case FILE -> Files.writeString(directory.resolve("kill"), "");
            case SIGNAL ->
                new ProcessBuilder(
                                "kill",
                                "-" + Server.KILL_SIGNAL,
                                Long.toString(ProcessHandle.current().pid()))
                        .start()
                        .waitFor();
            case API ->
                assertThat(admin("POST", "/mishap/v1/kill", null).statusCode()).isEqualTo(200);
        }
    }

    private void arm(KillSwitch.Cause cause) throws Exception {
        if (cause == KillSwitch.Cause.FILE) {
            assertThat(admin("DELETE", "/mishap/v1/kill", null))
                    .returns(409, HttpResponse::statusCode)
                    .satisfies(answer -> assertThat(answer.body())
                            .contains(directory.resolve("kill").toString()));
            Files.delete(directory.resolve("kill"));
        } else {
            assertThat(admin("DELETE", "/mishap/v1/kill", null).body()).contains("\"killed\":false");
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsTouchedAndDelaysEnd(KillSwitch.Cause cause) throws Exception {
        rules(
                "delay 1h when header x-delay = yes",
                "abort 503 when header x-abort = yes",
                "rate-limit 1KiB/s when header x-slow = yes");
        assertThat(status("x-abort", "yes")).isEqualTo(503);
        CompletableFuture<HttpResponse<byte[]>> delayed = send("x-delay", "yes");
        CompletableFuture<HttpResponse<byte[]>> slow = send("x-slow", "yes");
        CompletableFuture<HttpResponse<byte[]>> stock = send("x-stock", "yes");
        await(() -> gauge("mishap.active_faults") == 2 && gauge("http.ingress.fault.active_faults") == 1);

        kill(cause);

        assertThat(delayed.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        assertThat(slow.get(20, TimeUnit.SECONDS).body()).hasSize(200_000);
        // The delay has ended, and the abort that would have come after it has not happened.
        assertThat(stock.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        assertThat(gauge("mishap.kill_switch")).isEqualTo(1);
        for (String header : List.of("x-delay", "x-abort", "x-stock", "x-reset", "x-slow")) {
            assertThat(status(header, "yes")).as(header).isEqualTo(200);
        }
        await(() -> gauge("mishap.active_faults") == 0 && gauge("http.ingress.fault.active_faults") == 0);
        assertThat(admin("GET", "/mishap/v1/rules", null).body())
                .startsWith("{\"kill\":{\"killed\":true,\"causes\":{\"" + cause.field() + "\":\"")
                .contains("\"active\":false,\"killed\":true");

        String put = admin(
                        "PUT",
                        "/mishap/v1/rules/late",
                        "{apiVersion: mishap.dev/v1, kind: FaultRule, metadata: {name: late}, spec: {ttl: 1h, fault: {abort: {httpStatus: 504}}}}")
                .body();
        assertThat(put).contains("\"active\":false,\"killed\":true");
        assertThat(status()).isEqualTo(200);

        arm(cause);

        await(() -> gauge("mishap.kill_switch") == 0);
        assertThat(status("x-abort", "yes")).isEqualTo(504);
        assertThat(admin("GET", "/mishap/v1/rules", null).body()).startsWith("{\"rules\":[");
        assertThat(admin("GET", "/mishap/v1/events", null).body())
                .contains("\"kind\":\"killed\"", "\"kind\":\"armed\"", "\"kind\":\"started\",\"rule\":\"late\"");
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(20_000);
        socket.connect(server.listeners().get(1).address());
        socket.getOutputStream()
                .write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "connect-delay 1h",
                "latency 1h",
                "timeout 1h",
                "connection-limit 0 queue",
                "bandwidth 1KiB/s",
                "latency 1h|bandwidth 1KiB/s"
            })
    void connectionsThatWaitGoOn(String lines) throws Exception {
        rules(lines.replace("|", " on listener tcp|").concat(" on listener tcp").split("[|]"));
        try (Socket socket = connect()) {
            await(() -> gauge("mishap.active_connection_faults") == 1);
            kill(KillSwitch.Cause.API);
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
            assertThat(in.readLine()).isEqualTo("HTTP/1.1 200 OK");
            int more = 0;
            while (in.read() >= 0) {
                more++;
            }
            assertThat(more).isGreaterThan(200_000);
        }
        await(() -> gauge("mishap.active_connection_faults") == 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"black-hole", "exhaust-pool 5 queue", "half-open"})
    void connectionsThatHaveLostBytesEnd(String line) throws Exception {
        rules(line + " on listener tcp");
        try (Socket socket = connect()) {
            await(() -> gauge("mishap.active_connection_faults") == 1);
            kill(KillSwitch.Cause.API);
            assertThat(socket.getInputStream().read()).isNegative();
        }
        try (Socket socket = connect()) {
            assertThat(socket.getInputStream().read()).isEqualTo('H');
        }
    }

    @Test
    void aHeldConnectionStaysHeldWhenAnotherRuleComes() throws Exception {
        rules("connect-delay 200ms on listener tcp");
        try (Socket socket = connect()) {
            await(() -> gauge("mishap.active_connection_faults") == 1);
            rules("connect-delay 200ms on listener tcp", "latency 1ms when port = 1");
            assertThat(socket.getInputStream().read()).isEqualTo('H');
        }
    }

    @Test
    void aFileThatIsThereAtTheStartCounts() throws Exception {
        Files.writeString(directory.resolve("kill"), "");
        Server second = server(new SafetyOptions(directory.resolve("kill"), true, Protection.DEFAULT, false));
        try {
            second.start();
            assertThat(second.rules().killSwitch().isOn()).isTrue();
            Files.delete(directory.resolve("kill"));
            await(() -> !second.rules().killSwitch().isOn());
        } finally {
            second.shutdown();
            second.close();
        }
    }

    @Test
    void aFileOfAKubernetesMountAppearsByALink() throws Exception {
        Path data = Files.createDirectory(directory.resolve("..2026"));
        Files.writeString(data.resolve("kill"), "");
        Files.createSymbolicLink(directory.resolve("kill"), Path.of("..data/kill"));
        assertThat(server.rules().killSwitch().isOn()).isFalse();
        Files.createSymbolicLink(directory.resolve("..data"), Path.of("..2026"));
        await(() -> server.rules().killSwitch().isOn());
    }

    @Test
    void aDirectoryThatIsMissingIsAnErrorOnlyWhenItWasAskedFor() {
        Path missing = directory.resolve("none/kill");
        Server asked = server(new SafetyOptions(missing, true, Protection.DEFAULT, false));
        assertThatThrownBy(asked::start).isInstanceOf(ConfigException.class).hasMessageContaining(missing.toString());
        asked.close();
        Server byDefault = server(new SafetyOptions(missing, false, Protection.DEFAULT, false));
        byDefault.start();
        byDefault.shutdown();
        byDefault.close();
    }

    @Test
    void twoCausesBothHaveToGo() throws Exception {
        kill(KillSwitch.Cause.FILE);
        await(() -> server.rules().killSwitch().isOn());
        kill(KillSwitch.Cause.API);
        assertThat(admin("DELETE", "/mishap/v1/kill", null).statusCode()).isEqualTo(409);
        assertThat(server.rules().killSwitch().causes()).containsOnlyKeys(KillSwitch.Cause.FILE);
        Files.delete(directory.resolve("kill"));
        await(() -> !server.rules().killSwitch().isOn());
    }

    @Test
    void eventsAreFollowed() throws Exception {
        int port = ((InetSocketAddress) server.adminAddress()).getPort();
        rules("abort 503 as one");
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write("GET /mishap/v1/events?follow HTTP/1.1\r\nhost: localhost\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            assertThat(in.readLine()).isEqualTo("HTTP/1.1 200 OK");
            assertThat(next(in)).contains("\"kind\":\"started\",\"rule\":\"one\"");
            kill(KillSwitch.Cause.API);
            assertThat(next(in)).contains("\"kind\":\"killed\",\"reason\":\"asked by the API\"");
            rules();
            assertThat(next(in)).contains("\"kind\":\"stopped\",\"rule\":\"one\"", "\"counts\":{");
        }
        // Those who are gone make room.
        for (int i = 0; i < 40; i++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout(20_000);
                socket.getOutputStream()
                        .write("GET /mishap/v1/events?follow=true&after=2 HTTP/1.0\r\nhost: localhost\r\n\r\n"
                                .getBytes(StandardCharsets.US_ASCII));
                BufferedReader in =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
                String line = in.readLine();
                if (line == null) {
                    i--;
                    continue;
                }
                assertThat(line).startsWith("HTTP/1.1 200");
            } catch (SocketTimeoutException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static String next(BufferedReader in) throws IOException {
        String line;
        do {
            line = in.readLine();
            assertThat(line).isNotNull();
        } while (!line.startsWith("data: "));
        return line;
    }
}
