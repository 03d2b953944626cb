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
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Other people's control plane for proxies that poll: Atlassian's sovereign. The real Envoy and ours. */
@Timeout(120)
class SovereignIT {
    private static final String SOURCE = """
            { "resource_api_version": "V3", "api_config_source": { "api_type": "REST", "transport_api_version": "V3",
              "cluster_names": ["control"], "refresh_delay": "0.1s", "request_timeout": "10s" } }""";

    private static final String BOOTSTRAP = """
            admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${admin} } } }
            node: { id: it-node, cluster: it }
            dynamic_resources: { cds_config: ${source}, lds_config: ${source} }
            static_resources:
              clusters:
                - name: control
                  type: STATIC
                  connect_timeout: 1s
                  load_assignment:
                    cluster_name: control
                    endpoints:
                      - lb_endpoints:
                          - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${xds} } } }
            """;

    private static final String LISTENER = """
            { "name": "l", "address": { "socket_address": { "address": "127.0.0.1", "port_value": ${port} } },
              "filter_chains": [ { "filters": [ { "name": "hcm", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": "t", "rds": { "route_config_name": "r", "config_source": ${source} },
                "http_filters": [
                  { "name": "fault", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault" } },
                  { "name": "router", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" } } ] } } ] } ] }""";

    private static final String FAULT = """
            , "typed_per_filter_config": { "fault": { "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
              "abort": { "http_status": 418, "percentage": { "numerator": 100 } } } }""";

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private HttpServer upstream;
    private Process sovereign;
    private int port;
    private int xds;

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws IOException {
        // To import it would be to run it.
        Tools.need(
                "python3", "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('sovereign') is None)");
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        upstream.start();
        port = ProxyProcess.freePort();
        xds = ProxyProcess.freePort();
        StringBuilder templates = new StringBuilder("sources: [{type: inline, config: {instances: [{name: it,"
                + " service_clusters: ['*']}]}}]\ntemplates:\n  default:\n");
        for (String type : List.of("clusters", "listeners", "routes")) {
            Path code = Files.writeString(
                    directory.resolve(type + ".py"),
                    "import json\ndef call(*args, **kwargs):\n    return json.load(open('"
                            + directory.resolve(type + ".json") + "'))\n");
            templates
                    .append("    ")
                    .append(type)
                    .append(": python://")
                    .append(code)
                    .append('\n');
        }
        Path config = Files.writeString(directory.resolve("sovereign.yaml"), templates);
        put(
                "clusters",
                "{ \"name\": \"c\", \"type\": \"STATIC\", \"connect_timeout\": \"1s\", \"load_assignment\": {"
                        + " \"cluster_name\": \"c\", \"endpoints\": [ { \"lb_endpoints\": [ { \"endpoint\": { \"address\": {"
                        + " \"socket_address\": { \"address\": \"127.0.0.1\", \"port_value\": "
                        + upstream.getAddress().getPort() + " } } } } ] } ] } }");
        put("listeners", LISTENER.replace("${port}", Integer.toString(port)).replace("${source}", SOURCE));
        put("routes", routes(""));
        ProcessBuilder builder = new ProcessBuilder("python3", "-m", "sovereign.server")
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("sovereign.log").toFile());
        builder.environment().put("SOVEREIGN_CONFIG", "file://" + config);
        builder.environment().put("SOVEREIGN_HOST", "127.0.0.1");
        builder.environment().put("SOVEREIGN_PORT", Integer.toString(xds));
        builder.environment().put("SOVEREIGN_WORKERS", "1");
        sovereign = builder.start();
        Sidecar.await(() -> status(xds, "/healthcheck") == 200);
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (sovereign != null) {
            end();
            upstream.stop(0);
        }
    }

    private void end() throws InterruptedException {
        sovereign.destroy();
        if (!sovereign.waitFor(20, TimeUnit.SECONDS)) {
            sovereign.destroyForcibly();
        }
    }

    private void put(String type, String resource) throws IOException {
        Path made = Files.writeString(directory.resolve(type + ".new"), "[" + resource + "]");
        Files.move(made, directory.resolve(type + ".json"), StandardCopyOption.ATOMIC_MOVE);
    }

    private static String routes(String more) {
        return "{ \"name\": \"r\", \"virtual_hosts\": [ { \"name\": \"v\", \"domains\": [\"*\"], \"routes\": [ {"
                + " \"match\": { \"prefix\": \"/\" }, \"route\": { \"cluster\": \"c\" }" + more + " } ] } ] }";
    }

    private int status(int at, String path) {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + at + path))
                                    .timeout(Duration.ofSeconds(10))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void aFaultComesAndGoesAndTheServerTakesNothingAlong(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        try (ProxyProcess proxy = new ProxyProcess(
                kind,
                directory,
                BOOTSTRAP.replace("${source}", SOURCE.replace('\n', ' ')).replace("${xds}", Integer.toString(xds)))) {
            Sidecar.await(() -> status(port, "/") == 200);
            put("routes", routes(FAULT));
            Sidecar.await(() -> status(port, "/") == 418);
            put("routes", routes(", \"no_such_field\": 1"));
            Sidecar.await(() -> status(port, "/") != 418
                    || proxy.stat("http.t.rds.r.update_rejected") > 0
                    || proxy.stat("http.t.rds.r.update_failure") > 0);
            put("routes", routes(""));
            Sidecar.await(() -> status(port, "/") == 200);
            // What has not changed is not sent again, and no update.
            long polls = proxy.stat("cluster_manager.cds.update_attempt");
            Sidecar.await(() -> proxy.stat("cluster_manager.cds.update_attempt") > polls + 3);
            assertThat(proxy.stat("cluster_manager.cds.update_success")).isEqualTo(1);
            assertThat(proxy.stat("cluster_manager.cds.update_rejected")).isZero();
            assertThat(proxy.stat("listener_manager.lds.update_success")).isEqualTo(1);
            end();
            Sidecar.await(() -> proxy.stat("http.t.rds.r.update_failure") > 0);
            assertThat(status(port, "/")).isEqualTo(200);
        }
    }
}
