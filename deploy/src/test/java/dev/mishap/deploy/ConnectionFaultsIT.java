package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.FaultCatalog;
import dev.mishap.rules.fault.FaultEntry;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.RuleWriter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What real clients see of each fault of connections and HTTP streams: curl, psql, redis-cli, a pool of JDBC and one of HTTP. */
@Timeout(180)
class ConnectionFaultsIT {
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
              - name: http
                address: {socket_address: {address: 127.0.0.1, port_value: ${http}}}
                filter_chains:
                - filters:
                  - name: hcm
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: h
                      route_config:
                        virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: service}}]}]
                      http_filters:
                      - {name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
              clusters:
              - name: service
                connect_timeout: 0.3s
                load_assignment:
                  cluster_name: service
                  endpoints:
                  - locality: {region: eu}
                    lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${service}}}}}]
            """;

    @TempDir
    private Path directory;

    private final int tcp = ProxyProcess.freePort();
    private final int http = ProxyProcess.freePort();
    private final HttpClient api = HttpClient.newHttpClient();
    private HttpServer web;
    private ProxyProcess proxy;

    ConnectionFaultsIT() throws IOException {}

    @BeforeEach
    void service() throws IOException {
        web = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        web.setExecutor(Executors.newCachedThreadPool());
        web.createContext("/", exchange -> {
            byte[] body = new byte[20_000];
            exchange.sendResponseHeaders(200, exchange.getRequestURI().getPath().equals("/open") ? 0 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        web.start();
    }

    @AfterEach
    void end() {
        if (proxy != null) {
            proxy.close();
        }
        web.stop(0);
    }

    private void start(int service) throws IOException {
        proxy = new ProxyProcess(
                ProxyProcess.Kind.MISHAP,
                directory,
                CONFIGURATION
                        .replace("${tcp}", Integer.toString(tcp))
                        .replace("${http}", Integer.toString(http))
                        .replace("${service}", Integer.toString(service)));
    }

    private void rules(String... lines) throws Exception {
        call("DELETE", "rules", "");
        for (int i = 0; i < lines.length; i++) {
            FaultRule rule = RuleLine.parse(lines[i] + " for 5m", "r" + i);
            call("PUT", "rules/" + rule.name(), DocumentText.jsonLine(RuleWriter.write(rule)));
        }
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

    /**
     * What curl is to see.
     *
     * @param exit curl's exit codes, of which one has to come: 7 = not connected, 18 = cut, 28 = time-out, 52 = no answer, 55 and 56 = reset, 92 = HTTP/2 stream
     * @param status of the response, 0 when none came, or -1 when that is open
     * @param bytes of the body, or -1 when that is open
     * @param millis at least
     */
    private record Seen(
            String rule, int port, String arguments, List<Integer> exit, int status, int bytes, int millis) {}

    private List<Seen> table() {
        List<Integer> reset = List.of(7, 35, 52, 55, 56);
        List<Integer> ok = List.of(0);
        List<Integer> late = List.of(28);
        List<Seen> rows = new ArrayList<>();
        // While the pool has no connection yet, which a refusal would leave alone.
        rows.add(new Seen("refuse upstream", http, "", ok, 503, -1, 0));
        rows.add(new Seen("abort 503", http, "", ok, 503, 18, 0));
        rows.add(new Seen("delay 120ms", http, "", ok, 200, 20_000, 120));
        rows.add(new Seen("rate-limit 64KiB/s", http, "", ok, 200, 20_000, 250));
        rows.add(new Seen("reset", http, "", reset, 0, 0, 0));
        rows.add(new Seen("reset after headers", http, "", reset, 200, 0, 0));
        rows.add(new Seen("reset after 5000 bytes", http, "", reset, 200, 5000, 0));
        rows.add(new Seen(
                "reset after 5000 bytes code CANCEL",
                http,
                "--http2-prior-knowledge",
                List.of(92),
                -1,
                -1,
                0)); // curl forgets what it read with the reset
        rows.add(new Seen(
                "reset code REFUSED_STREAM goaway",
                http,
                "--http2-prior-knowledge",
                List.of(16, 18, 52, 55, 56, 92),
                0,
                0,
                0));
        rows.add(new Seen("refuse", tcp, "", reset, 0, 0, 0));
        rows.add(new Seen("black-hole", tcp, "", late, 0, 0, 0));
        rows.add(new Seen("timeout 120ms", tcp, "", reset, 0, 0, 120));
        rows.add(new Seen("connection-limit 0 close", tcp, "", reset, 0, 0, 0));
        rows.add(new Seen("connection-limit 0 queue", tcp, "", late, 0, 0, 0));
        rows.add(new Seen("exhaust-pool 1", tcp, "", late, 0, 0, 0));
        rows.add(new Seen("flap up 1ms down 1h", tcp, "", reset, 0, 0, 0));
        rows.add(new Seen("connect-delay 120ms", tcp, "", ok, 200, 20_000, 120));
        rows.add(new Seen("latency 60ms", tcp, "", ok, 200, 20_000, 120));
        rows.add(new Seen("bandwidth 100KiB/s downstream", tcp, "", ok, 200, 20_000, 185));
        rows.add(new Seen("slice 999 bytes vary 99", tcp, "", ok, 200, 20_000, 0));
        rows.add(new Seen("limit-data 1000 bytes downstream", tcp, "", List.of(18), 200, -1, 0));
        rows.add(new Seen("corrupt pattern 58585858 at 0 downstream", tcp, "", List.of(1), 0, -1, 0));
        rows.add(new Seen("close after 1000 bytes", tcp, "", List.of(18), 200, -1, 0));
        rows.add(new Seen("reset-connection after 1000 bytes", tcp, "", List.of(56), 200, -1, 0));
        rows.add(new Seen("half-open after 300 bytes", tcp, "", late, 200, -1, 0));
        rows.add(new Seen("slow-close 150ms", tcp, "--http1.0 /open", ok, 200, 20_000, 150));
        rows.add(new Seen("refuse upstream", tcp, "", reset, 0, 0, 0));
        rows.add(new Seen("reset-connection after 1000 bytes upstream", tcp, "", List.of(56), 200, -1, 0));
        rows.add(new Seen("close after 1000 bytes upstream", tcp, "", List.of(18), 200, -1, 0));
        rows.add(new Seen("partition", tcp, "--max-time 5", reset, 0, 0, 300));
        rows.add(new Seen("partition refuse", http, "", ok, 503, -1, 0));
        rows.add(new Seen("partition when endpoint locality = eu", http, "--max-time 5", ok, 503, -1, 300));
        rows.add(new Seen("latency 60ms when endpoint locality = eu", http, "", ok, 200, 20_000, 120));
        rows.add(new Seen("latency 60ms when endpoint locality = us", http, "", ok, 200, 20_000, 0));
        String eu = " when endpoint locality = eu";
        rows.add(new Seen("connect-delay 120ms" + eu, tcp, "", ok, 200, 20_000, 120));
        rows.add(new Seen("connect-delay 10s" + eu, tcp, "", reset, 0, 0, 300)); // beyond the connect_timeout
        rows.add(new Seen("bandwidth 100KiB/s downstream" + eu, http, "", ok, 200, 20_000, 185));
        rows.add(new Seen("slice 999 bytes vary 99 every 1ms downstream" + eu, http, "", ok, 200, 20_000, 17));
        rows.add(new Seen("limit-data 1000 bytes downstream" + eu, http, "", List.of(18), 200, -1, 0));
        rows.add(new Seen("limit-data 5 bytes upstream" + eu, tcp, "", reset, 0, 0, 0));
        rows.add(new Seen("corrupt pattern 58585858 at 0 downstream" + eu, tcp, "", List.of(1), 0, -1, 0));
        rows.add(new Seen("corrupt pattern 58585858 at 0 downstream" + eu, http, "", ok, 502, -1, 0));
        rows.add(new Seen("slow-close 150ms" + eu, tcp, "--http1.0 /open", ok, 200, 20_000, 150));
        return rows;
    }

    @Test
    void noFaultOfConnectionsOrStreamsIsMissing() {
        Set<Fault.Kind> seen = EnumSet.noneOf(Fault.Kind.class);
        Set<Fault.Kind> seenUpstream = EnumSet.noneOf(Fault.Kind.class);
        for (Seen row : table()) {
            FaultRule rule = RuleLine.parse(row.rule(), "r");
            (rule.isUpstream() ? seenUpstream : seen).add(rule.fault().kind());
        }
        for (FaultEntry entry : FaultCatalog.entries()) {
            boolean connection = entry.kind().plane() == Fault.Plane.CONNECTION;
            if (connection && FaultCatalog.hasUpstreamSide(entry.kind())) {
                assertThat(seenUpstream).as(entry.name()).contains(entry.kind());
            }
            if (connection && entry.kind() != Fault.Kind.PARTITION
                    || entry.kind().plane() == Fault.Plane.REQUEST) {
                assertThat(seen).as(entry.name()).contains(entry.kind());
            }
        }
    }

    @Test
    void curlSeesEachFault() throws Exception {
        Tools.need("curl", "--version");
        start(web.getAddress().getPort());
        for (Seen row : table()) {
            rules(row.rule());
            String path = row.arguments().contains("/open") ? "/open" : "/";
            List<String> command = new ArrayList<>(
                    List.of("curl", "-s", "-o", "body", "-w", "%{http_code} %{size_download} %{time_total}"));
            boolean patient = row.exit().get(0) != 28;
            command.addAll(List.of("--max-time", patient ? "20" : "0.4"));
            for (String argument : row.arguments().split(" ")) {
                if (!argument.isEmpty() && !argument.equals("/open")) {
                    command.add(argument);
                }
            }
            command.add("http://127.0.0.1:" + row.port() + path);
            Tools.Result result = Tools.run(directory, 60, command);
            String[] told = result.out().split(" ");
            assertThat(result.exit())
                    .as(row + " " + result.out() + result.err())
                    .isIn(row.exit());
            if (row.status() >= 0) {
                assertThat(Integer.parseInt(told[0])).as(row.rule()).isEqualTo(row.status());
            }
            if (row.bytes() >= 0) {
                assertThat(Long.parseLong(told[1])).as(row.rule()).isEqualTo(row.bytes());
            }
            assertThat(Double.parseDouble(told[2]) * 1000).as(row.rule()).isGreaterThanOrEqualTo(row.millis());
        }
        rules();
        assertThat(proxy.leaks()).isEmpty();
    }

    @Test
    void redisCliSeesLatencyAndResets() throws Exception {
        Tools.need("redis-cli", "--version");
        Tools.need("redis-server", "--version");
        int port = ProxyProcess.freePort();
        Process redis = Tools.builder(List.of(
                        "redis-server",
                        "--port",
                        "" + port,
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--dir",
                        directory.toString()))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            start(port);
            List<String> ping = List.of("redis-cli", "-p", "" + tcp, "ping");
            Sidecar.await(() -> Tools.run(directory, 60, ping).out().equals("PONG\n"));
            rules("latency 60ms");
            long begin = System.nanoTime();
            assertThat(Tools.run(directory, 60, ping).out()).isEqualTo("PONG\n");
            assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(120_000_000L);
            rules("reset-connection after 1 bytes");
            assertThat(Tools.run(directory, 60, ping).err()).contains("Connection reset by peer");
            rules("corrupt pattern 21 at 0 downstream");
            Tools.Result corrupted = Tools.run(directory, 60, ping);
            assertThat(corrupted.out() + corrupted.err()).contains("rotocol error");
        } finally {
            redis.destroy();
            redis.waitFor();
        }
    }

    /** The pool of a service in front of a database whose connections are taken, and its way back. */
    @Test
    void aJavaPoolMeetsAnExhaustedDatabase() throws Exception {
        ThrowAwayPostgres.need();
        try (ThrowAwayPostgres postgres = new ThrowAwayPostgres(directory)) {
            start(postgres.port);
            rules("exhaust-pool 2 queue experiment DB-POOL");
            try (HikariDataSource pool = pool(4, 900)) {
                long begin = System.nanoTime();
                assertThatThrownBy(pool::getConnection)
                        .isInstanceOf(SQLTransientConnectionException.class)
                        .hasMessageContaining("request timed out after");
                assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(900_000_000L);
                assertThat(proxy.stat("mishap.exhaust_pool_injected")).isPositive();
                assertThat(proxy.stat("mishap.experiment.DB-POOL.touched")).isPositive();

                rules();
                long limit = System.nanoTime() + 30_000_000_000L;
                while (true) {
                    try {
                        assertThat(answer(pool)).isEqualTo(42);
                        break;
                    } catch (SQLException stillHeld) {
                        // The driver gives held connections up by its own time-out.
                        assertThat(System.nanoTime()).as(stillHeld.toString()).isLessThan(limit);
                    }
                }
            }

            rules("connection-limit 2 queue");
            try (HikariDataSource pool = pool(2, 20_000);
                    Connection one = pool.getConnection();
                    Connection two = pool.getConnection()) {
                assertThat(one.isValid(10) && two.isValid(10))
                        .as("two have room")
                        .isTrue();
                try (HikariDataSource other = pool(1, 600)) {
                    assertThatThrownBy(other::getConnection).isInstanceOf(SQLTransientConnectionException.class);
                }
            }

            rules("refuse");
            Tools.Result refused = Tools.run(
                    directory,
                    60,
                    List.of(
                            "psql",
                            "-XAt",
                            "-h",
                            "127.0.0.1",
                            "-p",
                            "" + tcp,
                            "-U",
                            "app",
                            "-d",
                            "postgres",
                            "-c",
                            "select 1"));
            assertThat(refused.exit()).isEqualTo(2);
            assertThat(refused.err()).containsAnyOf("Connection reset", "closed the connection", "Broken pipe");
        }
    }

    private HikariDataSource pool(int size, int timeoutMillis) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(
                "jdbc:postgresql://127.0.0.1:" + tcp
                        + "/postgres?user=app&sslmode=disable&gssEncMode=disable&connectTimeout=1&loginTimeout=1&socketTimeout=10");
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(timeoutMillis);
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }

    private static int answer(HikariDataSource pool) throws SQLException {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select 42")) {
            result.next();
            return result.getInt(1);
        }
    }

    /** A client that keeps its connections, in front of a proxy that keeps its own. */
    @Test
    void anHttpPoolLivesThroughAPartition() throws Exception {
        start(web.getAddress().getPort());
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + http + "/"))
                .timeout(Duration.ofMillis(500))
                .build();
        HttpRequest patient = HttpRequest.newBuilder(request.uri()).build();
        assertThat(client.send(patient, HttpResponse.BodyHandlers.discarding()).statusCode())
                .isEqualTo(200);
        rules("partition");
        // On the connection that lives nothing passes; then new ones cannot be made.
        assertThatThrownBy(() -> client.send(request, HttpResponse.BodyHandlers.discarding()))
                .isInstanceOf(HttpTimeoutException.class);
        assertThat(client.send(patient, HttpResponse.BodyHandlers.discarding()).statusCode())
                .isEqualTo(503);
        rules();
        assertThat(client.send(patient, HttpResponse.BodyHandlers.discarding()).statusCode())
                .isEqualTo(200);
        assertThat(proxy.leaks()).isEmpty();
    }
}
