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
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Proxies that poll over TLS and prove by a certificate which node they are. The real Envoy and ours. */
@Timeout(120)
class RestTlsIT {
    private static final String KEY = "-nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256";

    private final HttpClient http = HttpClient.newHttpClient();

    @TempDir
    Path directory;

    private HttpServer upstream;
    private int port;

    @BeforeEach
    void start() throws IOException {
        Tools.need("openssl", "version");
        openssl("req -x509 " + KEY + " -subj /CN=ca -keyout ca.key -out ca.pem");
        for (String name : List.of("server=IP:127.0.0.1", "checkout=DNS:checkout", "other=DNS:other")) {
            String[] parts = name.split("=");
            openssl("req -x509 -CA ca.pem -CAkey ca.key " + KEY + " -subj /CN=" + parts[0] + " -addext subjectAltName="
                    + parts[1] + " -keyout " + parts[0] + ".key -out " + parts[0] + ".pem");
        }
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        upstream.start();
        port = ProxyProcess.freePort();
    }

    @AfterEach
    void stop() {
        if (upstream != null) {
            upstream.stop(0);
        }
    }

    private void openssl(String arguments) {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments.split(" ")));
        assertThat(Tools.run(directory, 60, command).exit()).isZero();
    }

    private List<String> tls() {
        return List.of(
                "--tls-cert",
                directory.resolve("server.pem").toString(),
                "--tls-key",
                directory.resolve("server.key").toString(),
                "--tls-client-ca",
                directory.resolve("ca.pem").toString());
    }

    /** @param certificate whose the node says it is; null = it has none */
    private String bootstrap(ControlPlaneProcess serve, String certificate) {
        List<String> command = new ArrayList<>(List.of(
                Tools.launcher().toString(),
                "serve",
                "--listen-xds",
                "127.0.0.1:" + serve.xdsPort(),
                "--listen-xds-rest",
                "127.0.0.1:" + serve.restPort(),
                "--api-type",
                "REST",
                "--print-bootstrap",
                "envoy",
                "--node",
                "checkout/node"));
        command.addAll(tls());
        Tools.Result printed = Tools.run(directory, 60, command);
        assertThat(printed.exit()).as(printed.err()).isZero();
        String text = printed.out()
                .replace("port_value: 9901", "port_value: ${admin}")
                .replace("refresh_delay: 1s", "refresh_delay: 0.1s")
                // Who is refused starts without, and need not wait long for that.
                .replace("{resource_api_version: V3,", "{resource_api_version: V3, initial_fetch_timeout: 0.5s,")
                .replace("/etc/mishap/ca.pem", directory.resolve("ca.pem").toString());
        return certificate == null
                ? text.replaceAll("(?m)^.*tls_certificates:.*\n", "")
                : text.replace(
                        "/etc/mishap/node", directory.resolve(certificate).toString());
    }

    private int status() {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void mishap(ControlPlaneProcess serve, String... arguments) {
        List<String> command = new ArrayList<>(List.of(Tools.launcher().toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of(
                "--server",
                "https://127.0.0.1:" + serve.apiPort(),
                "--ca-file",
                directory.resolve("ca.pem").toString()));
        Tools.Result result = Tools.run(directory, 60, command);
        assertThat(result.exit()).as(result.toString()).isZero();
    }

    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void aNodeThatPollsGetsWhatItsCertificateIsFor(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        List<String> arguments = new ArrayList<>(tls());
        arguments.addAll(List.of(
                "--anonymous",
                "operator",
                "--listen-xds-rest",
                "127.0.0.1:${rest}",
                "--dependency",
                "payments=" + port + ":127.0.0.1:" + upstream.getAddress().getPort()));
        Path rule = Files.writeString(directory.resolve("rule.yaml"), """
                apiVersion: mishap.dev/v1
                kind: FaultRule
                metadata: {name: down}
                spec: {ttl: 5m, fault: {abort: {httpStatus: 503}}}
                """);
        try (ControlPlaneProcess serve = new ControlPlaneProcess(directory, arguments.toArray(new String[0]))) {
            for (String certificate : new String[] {null, "other"}) {
                try (ProxyProcess proxy = new ProxyProcess(
                        kind,
                        Files.createDirectory(directory.resolve(certificate == null ? "none" : certificate + "s")),
                        bootstrap(serve, certificate))) {
                    Sidecar.await(() -> proxy.stat("listener_manager.lds.update_failure") > 0);
                    assertThat(proxy.stat("listener_manager.lds.update_success"))
                            .isZero();
                    assertThat(status()).isZero();
                }
            }
            try (ProxyProcess proxy = new ProxyProcess(
                    kind, Files.createDirectory(directory.resolve("own")), bootstrap(serve, "checkout"))) {
                Sidecar.await(() -> status() == 204);
                mishap(serve, "apply", "-f", rule.toString());
                Sidecar.await(() -> status() == 503);
                mishap(serve, "delete", "rule", "down");
                Sidecar.await(() -> status() == 204);
                assertThat(proxy.stat("cluster.mishap-control.ssl.handshake")).isPositive();
            }
        }
    }
}
