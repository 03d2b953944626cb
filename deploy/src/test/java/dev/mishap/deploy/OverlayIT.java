package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A control plane between another one, which has no faults, and a stock Envoy. */
@TestInstance(Lifecycle.PER_CLASS)
class OverlayIT {
    /** As a mesh configures its sidecars: a fault filter that does nothing, and a listener without one. */
    private static final String CONFIGURATION = """
            resources:
            - "@type": type.googleapis.com/envoy.config.listener.v3.Listener
              name: mesh
              address: {socket_address: {address: 127.0.0.1, port_value: ${mesh}}}
              filter_chains:
              - filters:
                - name: envoy.filters.network.http_connection_manager
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                    stat_prefix: mesh
                    rds: {route_config_name: outbound, config_source: {ads: {}, resource_api_version: V3}}
                    http_filters:
                    - name: envoy.filters.http.fault
                      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}
                    - name: envoy.filters.http.router
                      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
            - "@type": type.googleapis.com/envoy.config.listener.v3.Listener
              name: plain
              address: {socket_address: {address: 127.0.0.1, port_value: ${plain}}}
              filter_chains:
              - filters:
                - name: envoy.filters.network.http_connection_manager
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                    stat_prefix: plain
                    rds: {route_config_name: outbound, config_source: {ads: {}, resource_api_version: V3}}
                    http_filters:
                    - name: envoy.filters.http.router
                      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
            - "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
              name: outbound
              virtual_hosts:
              - name: all
                domains: ["*"]
                routes:
                - name: default
                  match: {prefix: /}
                  route: {cluster: service}
            - "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
              name: service
              type: EDS
              connect_timeout: 2s
              eds_cluster_config: {eds_config: {ads: {}, resource_api_version: V3}}
            - "@type": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment
              cluster_name: service
              endpoints:
              - lb_endpoints:
                - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${service}}}}
            """;

    private final HttpClient http = HttpClient.newHttpClient();
    private Path directory;
    private HttpServer service;
    private ControlPlaneProcess upstream;
    private int mesh;
    private int plain;

    @BeforeAll
    void start(@TempDir Path temporary) throws IOException {
        Tools.need("envoy", "--version");
        directory = temporary;
        service = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        service.createContext("/", exchange -> {
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        service.setExecutor(Executors.newCachedThreadPool());
        service.start();
        mesh = ProxyProcess.freePort();
        plain = ProxyProcess.freePort();
        Path files = Files.createDirectory(directory.resolve("files"));
        Files.writeString(
                files.resolve("mesh.yaml"),
                CONFIGURATION
                        .replace("${mesh}", Integer.toString(mesh))
                        .replace("${plain}", Integer.toString(plain))
                        .replace(
                                "${service}",
                                Integer.toString(service.getAddress().getPort())));
        upstream = new ControlPlaneProcess(
                Files.createDirectory(directory.resolve("upstream")), "--config-dir", files.toString());
    }

    @AfterAll
    void stop() {
        if (upstream != null) {
            upstream.close();
        }
        if (service != null) {
            service.stop(0);
        }
    }

    private int status(int port) {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + '/'))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private ProxyProcess envoy(ControlPlaneProcess of, String name, boolean delta) throws IOException {
        ProxyProcess envoy = new ProxyProcess(
                ProxyProcess.Kind.ENVOY,
                Files.createDirectory(directory.resolve(name)),
                of.bootstrap("envoy", "checkout", "e1", "127.0.0.1", delta ? "DELTA_GRPC" : "GRPC"));
        Sidecar.await(() -> status(mesh) == 204 && status(plain) == 204);
        return envoy;
    }

    /** As a mesh's own: without a runtime layer for anybody's faults. */
    private static String ofAMesh(String bootstrap) {
        String mesh = bootstrap
                .replaceAll("(?m)^  metadata: .*\n", "")
                .replaceAll("(?m)^  - name: mishap\n    rtds_layer: .*\n", "");
        assertThat(mesh).doesNotContain("runtime_layer", "rtds_layer");
        return mesh;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theDeathOfTheServerEndsAFaultOfRoutesOnANodeWithoutARuntimeLayer(boolean delta) throws Exception {
        String variant = delta ? "delta" : "sotw";
        try (ControlPlaneProcess overlay = new ControlPlaneProcess(
                        Files.createDirectory(directory.resolve("dying-" + variant)),
                        "--fault-ttl",
                        "1s",
                        "--upstream-xds",
                        "127.0.0.1:" + upstream.xdsPort());
                ProxyProcess envoy = new ProxyProcess(
                        ProxyProcess.Kind.ENVOY,
                        Files.createDirectory(directory.resolve("mesh-" + variant)),
                        ofAMesh(overlay.bootstrap(
                                "envoy", "checkout", "e1", "127.0.0.1", delta ? "DELTA_GRPC" : "GRPC")))) {
            Sidecar.await(() -> status(mesh) == 204 && status(plain) == 204);
            String answer = overlay.apply(
                    "route-418",
                    "{ttl: 10m, scope: {listeners: [mesh], routes: [default]}, fault: {abort: {httpStatus: 418}}}");
            assertThat(answer).contains("\"honoured\": 1").doesNotContain("runtime layer");
            Sidecar.await(() -> status(mesh) == 418);
            assertThat(status(plain)).isEqualTo(204);
            overlay.kill();
            Sidecar.await(() -> status(mesh) == 204);
            assertThat(envoy.get("/ready")).contains("LIVE");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void withoutARuleNothingDiffersAndWithOneTheFaultAlone(boolean delta) throws Exception {
        Map<String, String> direct;
        String variant = delta ? "delta" : "sotw";
        try (ProxyProcess envoy = envoy(upstream, "direct-" + variant, delta)) {
            direct = ConfigDump.of(envoy);
        }
        assertThat(direct).hasSizeGreaterThanOrEqualTo(4);
        try (ControlPlaneProcess overlay = new ControlPlaneProcess(
                        Files.createDirectory(directory.resolve("overlay-" + variant)),
                        "--fault-ttl",
                        "1s",
                        "--upstream-xds",
                        "127.0.0.1:" + upstream.xdsPort());
                ProxyProcess envoy = envoy(overlay, "behind-" + variant, delta)) {
            assertThat(ConfigDump.of(envoy)).isEqualTo(direct);

            overlay.apply("mesh-503", "{ttl: 1m, scope: {listeners: [mesh]}, fault: {abort: {httpStatus: 503}}}");
            Sidecar.await(() -> status(mesh) == 503);
            assertThat(status(plain)).isEqualTo(204);
            Map<String, String> faulty = ConfigDump.of(envoy);
            assertThat(faulty.keySet()).isEqualTo(direct.keySet());
            assertThat(faulty.entrySet().stream().filter(e -> !e.getValue().equals(direct.get(e.getKey()))))
                    .singleElement()
                    .satisfies(e -> assertThat(e.getKey()).contains("route"));
            overlay.delete("mesh-503");
            // The switch in the runtime ends the fault, before the route without it arrives.
            Sidecar.await(() -> status(mesh) == 204);
            Sidecar.await(() -> ConfigDump.of(envoy).equals(direct));

            // A listener that has no fault filter gets some when the first rule needs them.
            overlay.apply("plain-418", "{ttl: 1m, scope: {listeners: [plain]}, fault: {abort: {httpStatus: 418}}}");
            Sidecar.await(() -> status(plain) == 418);
            overlay.apply("mesh-503", "{ttl: 1m, scope: {listeners: [mesh]}, fault: {abort: {httpStatus: 503}}}");
            Sidecar.await(() -> status(mesh) == 503);
            assertThat(status(plain)).isEqualTo(418);

            // Its death leaves the last configuration, without faults.
            overlay.kill();
            Sidecar.await(() -> status(mesh) == 204 && status(plain) == 204);
        }
    }
}
