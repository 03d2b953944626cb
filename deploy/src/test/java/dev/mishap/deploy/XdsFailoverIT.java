package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two management servers, the second of which is for when the first can't be reached: the real Envoy and ours. */
@Timeout(120)
class XdsFailoverIT {
    private static final String BOOTSTRAP =
            """
            admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${admin} } } }
            node: { id: it-node, cluster: it }
            layered_runtime: { layers: [ { name: s, static_layer: { envoy.restart_features.xds_failover_support: true } } ] }
            dynamic_resources:
              ads_config:
                api_type: ${api}
                transport_api_version: V3
                grpc_services: [ { envoy_grpc: { cluster_name: first } }, { envoy_grpc: { cluster_name: second } } ]
              cds_config: { resource_api_version: V3, initial_fetch_timeout: 0.5s, ads: {} }
            static_resources:
              clusters:
            """ + AdsBootstrap.server("first", "${first}") + AdsBootstrap.server("second", "${second}");

    @TempDir
    Path directory;

    private @Nullable ScriptedXds first;
    private @Nullable ScriptedXds second;
    private final int firstPort = ProxyProcess.freePort();
    private final int secondPort = ProxyProcess.freePort();

    XdsFailoverIT() throws IOException {}

    @AfterEach
    void stop() {
        for (ScriptedXds server : new ScriptedXds[] {first, second}) {
            if (server != null) {
                server.close();
            }
        }
    }

    private ProxyProcess proxy(ProxyProcess.Kind kind, String api) throws IOException {
        kind.need();
        return new ProxyProcess(
                kind,
                directory,
                BOOTSTRAP
                        .replace("${api}", api)
                        .replace("${first}", Integer.toString(firstPort))
                        .replace("${second}", Integer.toString(secondPort)));
    }

    static ScriptedXds server(int port, String cluster) {
        ScriptedXds x = new ScriptedXds(port);
        x.put("Cluster", cluster, "name: \"" + cluster + "\" type: STATIC");
        return x;
    }

    private long connected(ProxyProcess proxy) {
        return proxy.stat("control_plane.connected_state");
    }

    private static boolean has(ProxyProcess proxy, String cluster) {
        return proxy.get("/clusters").contains(cluster + "::");
    }

    /** The first server was never there; the second one is taken, and the first again when that breaks. */
    @ParameterizedTest
    @CsvSource({"ENVOY,GRPC", "ENVOY,DELTA_GRPC", "MISHAP,GRPC", "MISHAP,DELTA_GRPC"})
    void untilTheFirstAnswers(ProxyProcess.Kind kind, String api) throws Exception {
        second = server(secondPort, "of-second");
        try (ProxyProcess proxy = proxy(kind, api)) {
            Sidecar.await(() -> has(proxy, "of-second"));
            assertThat(connected(proxy)).isEqualTo(2);
            assertThat(proxy.stat("cluster.first.upstream_cx_connect_fail")).isEqualTo(2);
            first = server(firstPort, "of-first");
            second.breakStreams();
            Sidecar.await(() -> has(proxy, "of-first"));
            assertThat(connected(proxy)).isEqualTo(1);
            assertThat(has(proxy, "of-second"))
                    .as("delta clients are told of changes only")
                    .isEqualTo(api.equals("DELTA_GRPC"));
            // Whom the first has answered stays with it.
            long failed = proxy.stat("cluster.first.upstream_cx_connect_fail");
            first.close();
            Sidecar.await(() -> proxy.stat("cluster.first.upstream_cx_connect_fail") > failed);
            assertThat(second.opened()).isEqualTo(1);
            assertThat(has(proxy, "of-first")).isTrue();
        }
    }

    /** Without the feature a second server is refused, with it a third one is. */
    @ParameterizedTest
    @CsvSource({"ENVOY,false", "ENVOY,true", "MISHAP,false", "MISHAP,true"})
    void refused(ProxyProcess.Kind kind, boolean three) throws IOException {
        kind.need();
        String configuration = three
                ? BOOTSTRAP.replace("grpc_services: [", "grpc_services: [ { envoy_grpc: { cluster_name: first } },")
                : BOOTSTRAP.replace("failover_support: true", "failover_support: false");
        Path file = Files.writeString(
                directory.resolve("bad.yaml"),
                configuration.replace("${api}", "GRPC").replaceAll("\\$\\{\\w+}", "1"));
        List<String> command = new ArrayList<>(kind.command());
        command.addAll(List.of("--mode", "validate", "-c", file.toString()));
        Tools.Result result = Tools.run(directory, 60, command);
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err() + result.out())
                .contains("must have no more than " + (three ? 2 : 1) + " gRPC services specified");
    }
}
