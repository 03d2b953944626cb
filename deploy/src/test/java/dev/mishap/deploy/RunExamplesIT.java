package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Example experiments whose world is made of real servers: what holds is exit 0, and the same world with its protection taken out exit 1. */
@Timeout(240)
class RunExamplesIT {
    private static final String DATABASE_PROXY = """
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: ${admin}}}}
            static_resources:
              listeners:
              - name: database
                address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}
                filter_chains:
                - filters:
                  - name: tcp
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: db, cluster: database}
              clusters:
              - name: database
                connect_timeout: 1s
                load_assignment:
                  cluster_name: database
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${database}}}}}]}]
            """;

    private static final int CALLERS = 4;
    private static final int POOL = 10;

    @TempDir
    private Path directory;

    private final HttpClient http = HttpClient.newHttpClient();
    private volatile boolean ended;

    private static String example(String name) {
        return Tools.root().resolve("examples").resolve(name).toString();
    }

    /**
     * A shop whose pool gives up soon and which then answers from its cache, and one that waits and has no other answer. The
     * second waits for less than a poll's second, for each poll to see some of its answers: callers that wait say nothing.
     */
    @ParameterizedTest
    @CsvSource({"250, 200, 0, HYPOTHESIS_HELD", "700, 503, 1, SLO_BREACHED|ERROR_RATE_SPIKE"})
    void aServiceWhoseDatabasePoolIsExhausted(int patienceMillis, int otherwise, int exit, String reason)
            throws Exception {
        ThrowAwayPostgres.need();
        int port = ProxyProcess.freePort();
        ExecutorService threads = Executors.newCachedThreadPool();
        ScheduledExecutorService renewal = Executors.newSingleThreadScheduledExecutor();
        try (ThrowAwayPostgres postgres = new ThrowAwayPostgres(directory);
                ProxyProcess database = new ProxyProcess(
                        ProxyProcess.Kind.MISHAP,
                        directory,
                        DATABASE_PROXY
                                .replace("${port}", Integer.toString(port))
                                .replace("${database}", Integer.toString(postgres.port)));
                HikariDataSource pool = pool(port, patienceMillis)) {
            // Stands for maxLifetime, which is 30 s at least: a pool that never needs a new connection cannot be
            // exhausted.
            renewal.scheduleWithFixedDelay(
                    () -> pool.getHikariPoolMXBean().softEvictConnections(), 300, 300, TimeUnit.MILLISECONDS);
            HttpServer shop = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
            shop.setExecutor(threads);
            shop.createContext("/", exchange -> {
                exchange.getRequestBody().readAllBytes();
                exchange.sendResponseHeaders(
                        exchange.getRequestMethod().equals("POST") ? order(pool, otherwise) : 204, -1);
                exchange.close();
            });
            shop.start();
            List<Thread> callers = new ArrayList<>();
            try (Sidecar front =
                    new Sidecar(directory, "shop", shop.getAddress().getPort())) {
                for (int i = 0; i < CALLERS; i++) {
                    Thread caller = new Thread(() -> call(front));
                    callers.add(caller);
                    caller.start();
                }
                Tools.Result result = Tools.run(
                        directory,
                        180,
                        List.of(
                                Tools.launcher().toString(),
                                "run",
                                example("db-pool-experiment.yaml"),
                                "--target",
                                "database=http://127.0.0.1:" + database.adminPort(),
                                "--observe",
                                "shop=" + front.admin(),
                                "--time-scale",
                                "0.05",
                                "--report",
                                "report"));
                assertThat(result.exit()).as(result.out() + result.err()).isEqualTo(exit);
                assertThat(Files.readString(directory.resolve("report/report.json")))
                        .containsPattern("\"reason\" : \"(" + reason + ")\"");
                assertThat(database.stat("mishap.experiment.DB-POOL-2026-Q1.touched"))
                        .isPositive();
                assertThat(database.stat("mishap.rules.active")).isZero();
                assertThat(database.leaks()).isEmpty();
            } finally {
                ended = true;
                for (Thread caller : callers) {
                    caller.join();
                }
                shop.stop(0);
            }
        } finally {
            renewal.shutdownNow();
            threads.shutdownNow();
        }
    }

    private static HikariDataSource pool(int port, int patienceMillis) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(
                "jdbc:postgresql://127.0.0.1:" + port
                        + "/postgres?user=app&sslmode=disable&gssEncMode=disable&connectTimeout=1&loginTimeout=1&socketTimeout=10");
        config.setMaximumPoolSize(POOL);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(patienceMillis);
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }

    private static int order(HikariDataSource pool, int otherwise) {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select 200")) {
            result.next();
            return result.getInt(1);
        } catch (SQLException noDatabase) {
            return otherwise;
        }
    }

    private void call(Sidecar front) {
        HttpRequest request = HttpRequest.newBuilder(front.listener())
                .timeout(Duration.ofSeconds(10))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        while (!ended) {
            try {
                http.send(request, BodyHandlers.discarding());
            } catch (IOException cut) {
                // What the caller sees is what the proxy in front counts.
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    /** Two network namespaces are the regions; with a short time to live of DNS answers callers find the other one, without it they do not. */
    @ParameterizedTest
    @CsvSource({"region-failover.yaml, 0, A", ", 1, B"})
    void aRegionThatIsPartitionedAway(String rules, int exit, String servedBy) {
        Tools.need("dnsmasq", "--version");
        Tools.need("dig", "-v");
        Tools.need("unshare", "--net", "--mount", "iptables", "-t", "nat", "-L");
        List<String> command = new ArrayList<>(List.of(
                "unshare",
                "--net",
                "--mount",
                "python3",
                Tools.root()
                        .resolve("deploy/src/test/python/region_experiment.py")
                        .toString(),
                Tools.launcher().toString(),
                example("region-partition-experiment.yaml")));
        if (rules != null) {
            command.add(example(rules));
        }
        Tools.Result result = Tools.run(directory, 200, command);
        assertThat(result.exit()).as(result.out() + result.err()).isEqualTo(exit);
        assertThat(result.out())
                .contains(exit == 0 ? "the hypothesis held" : "the hypothesis did not hold")
                .contains("the shop is served by region " + servedBy);
    }
}
