package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.mishap.proxy.admin.DynamicConfigs;
import dev.mishap.proxy.listener.Listener;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What Istio's generators make of a ServiceEntry and a VirtualService with faults, for a sidecar with interception: all of it is
 * accepted, with the filters that stock Envoy lacks, and the faults are seen. The resources come from files instead of ADS.
 */
class IstioConfigurationTest {
    @TempDir
    Path directory;

    private void write(String name) throws IOException {
        try (InputStream in = getClass().getResourceAsStream("istio/" + name)) {
            assertThat(in).isNotNull();
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Files.writeString(directory.resolve(name), text.replace("DIRECTORY", directory.toString()));
        }
    }

    private static String tls(String file) {
        return Path.of("src/test/resources/dev/mishap/proxy/tls", file)
                .toAbsolutePath()
                .toString();
    }

    private void writeSecretsAndEndpoints(int upstream) throws IOException {
        String type = "{\"@type\": \"type.googleapis.com/envoy.";
        String secret = type + "extensions.transport_sockets.tls.v3.Secret\", \"name\": ";
        resource(
                "sds-default.json",
                secret + "\"default\", \"tls_certificate\": {\"certificate_chain\": {\"filename\": \""
                        + tls("server.crt") + "\"}, \"private_key\": {\"filename\": \"" + tls("server.key") + "\"}}}");
        resource(
                "sds-ROOTCA.json",
                secret + "\"ROOTCA\", \"validation_context\": {\"trusted_ca\": {\"filename\": \"" + tls("ca.crt")
                        + "\"}}}");
        String[] clusters = {
            "outbound|9080||reviews.example.com",
            "outbound|9080|v1|reviews.example.com",
            "outbound|9999||tcp.example.com"
        };
        for (int i = 0; i < clusters.length; i++) {
            resource(
                    "eds" + i + ".json",
                    type + "config.endpoint.v3.ClusterLoadAssignment\", \"cluster_name\": \"" + clusters[i]
                            + "\", \"endpoints\": [{\"lb_endpoints\": [{\"endpoint\": {\"address\": {\"socket_address\":"
                            + " {\"address\": \"127.0.0.1\", \"port_value\": " + upstream + "}}}}]}]}");
        }
    }

    private void resource(String file, String json) throws IOException {
        Files.writeString(directory.resolve(file), "{\"resources\": [" + json + "]}");
    }

    private static HttpResponse<String> ask(HttpClient client, int port, String test) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                        .header("x-test", test)
                        .header("content-type", "application/grpc")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[5]))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @Test
    @Timeout(60)
    void theFaultsOfAVirtualServiceAreSeen() throws Exception {
        HttpServer upstream = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 100);
        upstream.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(200, 5);
            exchange.getResponseBody().write("hello".getBytes(StandardCharsets.US_ASCII));
            exchange.close();
        });
        upstream.start();
        for (String name : new String[] {"lds.json", "cds.json", "rds.json"}) {
            write(name);
        }
        String routes = Files.readString(directory.resolve("rds.json")).replace("\"240.240.0.1\"", "\"127.0.0.1\"");
        Files.writeString(directory.resolve("rds.json"), routes);
        writeSecretsAndEndpoints(upstream.getAddress().getPort());
        Options options = Options.of(
                "node: {id: sidecar, cluster: c}\ndynamic_resources: {lds_config: {path_config_source: {path: '"
                        + directory.resolve("lds.json") + "'}}, cds_config: {path_config_source: {path: '"
                        + directory.resolve("cds.json") + "'}}}",
                1,
                "off");
        Server server = new Server(options, BootstrapLoader.load(options));
        try {
            server.start();
            assertThat(server.stats().value("cluster_manager.cds.update_rejected"))
                    .isZero();
            assertThat(server.stats().value("listener_manager.lds.update_rejected"))
                    .isZero();
            assertThat(server.listeners()).hasSize(4);
            assertThat(server.clusters().all()).hasSize(7);
            assertThat(server.dynamicConfigs().secrets())
                    .extracting(DynamicConfigs.DynamicSecret::name)
                    .containsExactly("ROOTCA", "default");
            assertThat(server.dynamicConfigs().secrets()).allMatch(s -> s.config() != null);
            int port = server.listeners().stream()
                    .filter(l -> l.config().name().equals("0.0.0.0_9080"))
                    .mapToInt(Listener::port)
                    .findFirst()
                    .orElseThrow();
            HttpClient client =
                    HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
            assertThat(ask(client, port, "none").body()).isEqualTo("hello");
            assertThat(ask(client, port, "abort").headers().firstValue("grpc-status"))
                    .as("418 to a gRPC call")
                    .contains("2");
            assertThat(ask(client, port, "grpc").headers().firstValue("grpc-status"))
                    .contains("14");
            long begun = System.nanoTime();
            assertThat(ask(client, port, "delay").body()).isEqualTo("hello");
            assertThat(System.nanoTime() - begun).as("50 ms, at the least").isGreaterThanOrEqualTo(49_000_000);
            assertThat(server.stats().value("http.outbound_0.0.0.0_9080;.fault.aborts_injected"))
                    .isEqualTo(2);
            assertThat(server.stats().value("http.outbound_0.0.0.0_9080;.fault.delays_injected"))
                    .isEqualTo(1);
        } finally {
            server.shutdown();
            server.awaitEnd();
            server.close();
            upstream.stop(0);
        }
    }
}
