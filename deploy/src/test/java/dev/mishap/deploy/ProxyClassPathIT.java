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

    private final HttpClient http = HttpClient.newHttpClient();

    private interface Visit {
        void to(String admin) throws Exception;
    }

    /** Starts a proxy, has it visited, and ends it; what its JVM has loaded. */
    private List<String> classes(String yaml, Visit visit) throws Exception {
        Path config = Files.writeString(directory.resolve("proxy.yaml"), yaml);
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
            visit.to("http://" + Files.readString(address).strip());
        } finally {
            proxy.destroy();
            proxy.waitFor(30, TimeUnit.SECONDS);
        }
        List<String> loaded = Files.readAllLines(classes);
        assertThat(loaded).anyMatch(l -> l.contains(" dev.mishap.proxy.server.Server "));
        return loaded;
    }

    @Test
    void proxyLoadsNothingOfTheControlPlane() throws Exception {
        List<String> loaded = classes(
                "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n",
                admin -> assertThat(http.send(
                                        HttpRequest.newBuilder(URI.create(admin + "/mishap/v1/rules/r?lease=l"))
                                                .PUT(BodyPublishers.ofString(
                                                        "{\"apiVersion\":\"mishap.dev/v1\",\"kind\":\"FaultRule\",\"metadata\":{\"name\":\"r\"},"
                                                                + "\"spec\":{\"fault\":{\"reset\":{}}}}"))
                                                .build(),
                                        BodyHandlers.ofString())
                                .statusCode())
                        .isEqualTo(201));

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

    /** Classes that are made at run time are in no archive; the JIT compiler alone took 7 MB for those of two records' equals. */
    @Test
    void startingMakesNoClassesForRecords() throws Exception {
        List<String> loaded = classes("""
                admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
                static_resources:
                  listeners:
                  - name: l
                    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                    filter_chains:
                    - filters:
                      - name: hcm
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                          stat_prefix: s
                          route_config:
                            name: r
                            virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: c}}]}]
                          http_filters:
                          - name: router
                            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
                  clusters:
                  - name: c
                    type: STATIC
                    load_assignment:
                      cluster_name: c
                      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 9}}}}]}]
                """, admin -> {
            HttpRequest ready =
                    HttpRequest.newBuilder(URI.create(admin + "/ready")).build();
            while (http.send(ready, BodyHandlers.discarding()).statusCode() != 200) {
                LockSupport.parkNanos(20_000_000);
            }
        });

        assertThat(loaded).noneMatch(l -> l.contains(" java.lang.runtime.ObjectMethods "));
    }
}
