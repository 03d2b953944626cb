package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the proxy's JVM loads: a sidecar pays for each class in memory and in the time to start. */
@Timeout(120)
class ProxyClassPathIT {
    @TempDir
    Path directory;

    @Test
    void proxyLoadsNothingOfTheControlPlane() throws Exception {
        Path config = Files.writeString(directory.resolve("proxy.yaml"), """
                admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
                """);
        Path address = directory.resolve("admin");
        Path classes = directory.resolve("classes.txt");
        ProcessBuilder builder = Tools.builder(List.of(
                        Tools.launcher().toString(),
                        "proxy",
                        "-c",
                        config.toString(),
                        "--admin-address-path",
                        address.toString()))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("proxy.log").toFile());
        builder.environment().put("MISHAP_JAVA_OPTS", "-Xlog:class+load:file=" + classes);
        Process proxy = builder.start();
        try {
            while (!Files.exists(address) || Files.readString(address).isBlank()) {
                assertThat(proxy.isAlive())
                        .as(Files.readString(directory.resolve("proxy.log")))
                        .isTrue();
                LockSupport.parkNanos(20_000_000);
            }
            String admin = "http://" + Files.readString(address).strip();
            HttpClient http = HttpClient.newHttpClient();
            assertThat(http.send(
                                    HttpRequest.newBuilder(URI.create(admin + "/mishap/v1/rules/r?lease=l"))
                                            .PUT(BodyPublishers.ofString(
                                                    "{\"apiVersion\":\"mishap.dev/v1\",\"kind\":\"FaultRule\",\"metadata\":{\"name\":\"r\"},"
                                                            + "\"spec\":{\"fault\":{\"reset\":{}}}}"))
                                            .build(),
                                    BodyHandlers.ofString())
                            .statusCode())
                    .isEqualTo(201);
        } finally {
            proxy.destroy();
            proxy.waitFor(30, TimeUnit.SECONDS);
        }
        try (var lines = Files.lines(classes)) {
            List<String> loaded = lines.toList();
            assertThat(loaded).anyMatch(l -> l.contains(" dev.mishap.proxy.server.Server "));
            assertThat(loaded)
                    .noneMatch(l -> l.contains(" picocli.")
                            || l.contains(" tools.jackson.")
                            || l.contains(" com.fasterxml.")
                            || l.contains(" com.google.protobuf.")
                            || l.contains(" io.grpc.")
                            || l.contains(" java.net.http.")
                            || l.contains(" jdk.internal.net.http.")
                            || l.contains(" dev.mishap.control."));
        }
    }
}
