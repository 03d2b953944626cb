package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clusters that a TCP proxy discovers when a connection first needs them: the real Envoy and ours, with one server. */
@Timeout(120)
class TcpOnDemandIT {
    private static final String CLUSTER = """
            name: "${name}" type: STATIC connect_timeout { seconds: 1 } load_assignment { cluster_name: "${name}"
              endpoints { lb_endpoints { endpoint { address { socket_address { address: "127.0.0.1" port_value: ${upstream} } } } } } }
            """;

    @TempDir
    Path directory;

    private String listener(String name, int port, String timeout) {
        return """
                    - name: ${name}
                      address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
                      filter_chains:
                      - filters:
                        - name: tcp
                          typed_config:
                            "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                            stat_prefix: ${name}
                            cluster: ${name}
                            on_demand: { odcds_config: { resource_api_version: V3, ads: {} }, timeout: ${timeout} }
                            access_log:
                            - name: f
                              typed_config:
                                "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                                path: ${log}
                                log_format: { text_format_source: { inline_string: "${name} %RESPONSE_FLAGS% %UPSTREAM_CLUSTER% %BYTES_SENT%\\n" } }
                """.replace("${name}", name)
                .replace("${port}", Integer.toString(port))
                .replace("${timeout}", timeout)
                .replace("${log}", log().toString());
    }

    private Path log() {
        return directory.resolve("access.log");
    }

    private static String read(int port) throws IOException {
        try (Socket s = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return new String(s.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    private void awaitLog(String line) {
        Sidecar.await(() -> {
            try {
                return Files.exists(log()) && Files.readAllLines(log()).contains(line);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void clusters(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        int later = ProxyProcess.freePort();
        int absent = ProxyProcess.freePort();
        int slow = ProxyProcess.freePort();
        try (ScriptedXds xds = new ScriptedXds(0);
                ServerSocket upstream = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread server = new Thread(() -> greet(upstream), "upstream");
            server.start();
            xds.putByName(
                    "Cluster",
                    "later",
                    CLUSTER.replace("${name}", "later")
                            .replace("${upstream}", Integer.toString(upstream.getLocalPort())));
            String bootstrap = AdsBootstrap.CLUSTERS_AND_LISTENERS
                            .replace("${api}", "DELTA_GRPC")
                            .replace("${xds}", Integer.toString(xds.port()))
                    + "  listeners:\n"
                    + listener("later", later, "20s")
                    + listener("absent", absent, "20s")
                    + listener("slow", slow, "0.2s");
            try (ProxyProcess proxy = new ProxyProcess(kind, directory, bootstrap)) {
                assertThat(read(later)).isEqualTo("hello");
                awaitLog("later - later 5");
                assertThat(read(later)).isEqualTo("hello");
                assertThat(read(slow)).as("nobody answers").isEmpty();
                awaitLog("slow NC - 0");
                xds.absent(ScriptedXds.Absent.REMOVED);
                assertThat(read(absent)).as("there is none").isEmpty();
                awaitLog("absent NC - 0");
                assertThat(xds.asked()).contains("Cluster +later", "Cluster +slow", "Cluster +absent");
                for (String[] stat : List.of(
                        new String[] {"later", "attempt", "1"},
                        new String[] {"later", "success", "1"},
                        new String[] {"slow", "timeout", "1"},
                        new String[] {"slow", "missing", "0"},
                        new String[] {"absent", "missing", "1"},
                        new String[] {"absent", "timeout", "0"})) {
                    assertThat(proxy.stat("tcp." + stat[0] + ".on_demand_cluster_" + stat[1]))
                            .as("%s %s", stat[0], stat[1])
                            .isEqualTo(Long.parseLong(stat[2]));
                }
                assertThat(proxy.leaks()).isEmpty();
                assertThat(proxy.isAlive()).isTrue();
            }
        }
    }

    private static void greet(ServerSocket upstream) {
        while (!upstream.isClosed()) {
            try (Socket s = upstream.accept()) {
                s.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                return; // the end of the test
            }
        }
    }
}
