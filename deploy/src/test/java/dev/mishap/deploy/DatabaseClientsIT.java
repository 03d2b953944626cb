package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The clients of PostgreSQL and Redis through {@code tcp_proxy}: plain, and by way of a second listener to which the first speaks TLS, as
 * two sidecars do. The real Envoy goes through the same.
 */
@Timeout(120)
class DatabaseClientsIT {
    private static final String CONFIGURATION = """
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: ${admin}}}}
            static_resources:
              listeners:
              - name: plain
                address: {socket_address: {address: 127.0.0.1, port_value: ${plain}}}
                filter_chains:
                - filters:
                  - name: tcp
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: plain, cluster: database}
              - name: mesh
                address: {socket_address: {address: 127.0.0.1, port_value: ${mesh}}}
                filter_chains:
                - filters:
                  - name: tcp
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: mesh, cluster: peer}
              - name: secure
                address: {socket_address: {address: 127.0.0.1, port_value: ${secure}}}
                filter_chains:
                - filters:
                  - name: tcp
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: secure, cluster: database}
                  transport_socket:
                    name: tls
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
                      common_tls_context:
                        tls_certificates: [{certificate_chain: {filename: ${certs}/server.crt}, private_key: {filename: ${certs}/server.key}}]
              clusters:
              - name: database
                connect_timeout: 5s
                load_assignment:
                  cluster_name: database
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${database}}}}}]}]
              - name: peer
                connect_timeout: 5s
                load_assignment:
                  cluster_name: peer
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${secure}}}}}]}]
                transport_socket:
                  name: tls
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
                    common_tls_context: {validation_context: {trusted_ca: {filename: ${certs}/ca.crt}}}
            """;

    @TempDir
    Path directory;

    private final int plain = ProxyProcess.freePort();
    private final int mesh = ProxyProcess.freePort();
    private final int secure = ProxyProcess.freePort();

    DatabaseClientsIT() throws IOException {}

    private ProxyProcess start(ProxyProcess.Kind kind, int database) throws IOException {
        return new ProxyProcess(
                kind,
                directory,
                CONFIGURATION
                        .replace("${plain}", Integer.toString(plain))
                        .replace("${mesh}", Integer.toString(mesh))
                        .replace("${secure}", Integer.toString(secure))
                        .replace("${database}", Integer.toString(database))
                        .replace(
                                "${certs}",
                                Tools.root()
                                        .resolve("deploy/src/test/envoy-cases/_certs")
                                        .toString()));
    }

    private String run(String... command) {
        Tools.Result result = Tools.run(directory, 60, List.of(command));
        assertThat(result.exit()).as(result.out() + result.err()).isZero();
        return result.out();
    }

    /** All connections are over, and went where they should. */
    private void check(ProxyProcess proxy, long viaPlain, long viaMesh, long direct) {
        Sidecar.await(() -> proxy.stat("cluster.database.upstream_cx_active") == 0);
        assertThat(proxy.stats())
                .containsEntry("tcp.plain.downstream_cx_total", viaPlain)
                .containsEntry("tcp.mesh.downstream_cx_total", viaMesh)
                .containsEntry("cluster.peer.ssl.handshake", viaMesh)
                .containsEntry("listener.127.0.0.1_" + secure + ".ssl.handshake", viaMesh + direct)
                .containsEntry("cluster.database.upstream_cx_total", viaPlain + viaMesh + direct)
                .containsEntry("cluster.database.upstream_cx_connect_fail", 0L);
        assertThat(proxy.leaks()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void postgres(ProxyProcess.Kind kind) throws IOException {
        kind.need();
        ThrowAwayPostgres.need();
        try (ThrowAwayPostgres postgres = new ThrowAwayPostgres(directory);
                ProxyProcess proxy = start(kind, postgres.port)) {
            for (int port : new int[] {plain, mesh}) {
                psql(
                        port,
                        "create table t" + port
                                + " as select i, repeat(md5(i::text), 10) as s from generate_series(1, 20000) i");
                assertThat(psql(port, "select count(*), sum(i) from t" + port)).isEqualTo("20000|200010000\n");
                String dump = psql(port, "copy t" + port + " to stdout");
                assertThat(dump.lines()).hasSize(20_000);
                Path file = Files.writeString(directory.resolve("rows"), dump);
                assertThat(psql(port, "\\copy t" + port + " from '" + file + "'"))
                        .startsWith("COPY 20000");
                assertThat(psql(port, "select count(*), count(distinct s) from t" + port))
                        .isEqualTo("40000|20000\n");
            }
            check(proxy, 5, 5, 0);
        }
    }

    private String psql(int port, String command) {
        return run("psql", "-XAt", "-h", "127.0.0.1", "-p", "" + port, "-U", "app", "-d", "postgres", "-c", command);
    }

    @ParameterizedTest
    @EnumSource
    void redis(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        Tools.need("redis-cli", "--version");
        Tools.need("redis-server", "--version");
        int database = ProxyProcess.freePort();
        Process redis = Tools.builder(List.of(
                        "redis-server",
                        "--port",
                        "" + database,
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--dir",
                        directory.toString()))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (ProxyProcess proxy = start(kind, database)) {
            Sidecar.await(() -> Tools.run(directory, 60, List.of("redis-cli", "-p", "" + database, "ping"))
                    .out()
                    .equals("PONG\n"));
            long direct = 0;
            for (int port : new int[] {plain, mesh, secure}) {
                List<String> how = new ArrayList<>(List.of("redis-cli", "-p", "" + port));
                if (port == secure) {
                    if (!run("redis-cli", "--help").contains("--tls")) {
                        continue; // built without
                    }
                    how.addAll(List.of("--tls", "--insecure"));
                    direct = 3;
                }
                String script =
                        "for i = 1, 5000 do redis.call('rpush', KEYS[1], string.rep(i .. ' ', 50)) end return 'made'";
                assertThat(redis(how, "eval", script, "1", "list" + port)).isEqualTo("made\n");
                assertThat(redis(how, "lrange", "list" + port, "0", "-1").lines())
                        .hasSize(5000);
                assertThat(redis(how, "-r", "200", "incr", "count" + port)).endsWith("\n200\n");
            }
            check(proxy, 3, 3, direct);
        } finally {
            redis.destroy();
            redis.waitFor();
        }
    }

    private String redis(List<String> how, String... arguments) {
        List<String> command = new ArrayList<>(how);
        command.addAll(List.of(arguments));
        return run(command.toArray(String[]::new));
    }
}
