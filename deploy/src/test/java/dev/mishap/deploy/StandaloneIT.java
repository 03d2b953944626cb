package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code mishap standalone} in front of a real nginx, as its user runs it. */
@Timeout(180)
class StandaloneIT {
    private static final String CANARY = "abort 503 40% when header x-user-tier = canary";

    @TempDir
    Path directory;

    private final HttpClient http = HttpClient.newHttpClient();
    private Process nginx;
    private int upstream;
    private Process proxy;
    private int port;
    private String admin = "";

    @BeforeEach
    void startNginx() throws IOException {
        Tools.need("nginx", "-v");
        upstream = ProxyProcess.freePort();
        Path config = Files.writeString(directory.resolve("nginx.conf"), """
                daemon off; worker_processes 1; master_process off;
                pid DIR/nginx.pid; error_log DIR/error.log;
                events { worker_connections 256; }
                http {
                  client_body_temp_path DIR/b; proxy_temp_path DIR/p; fastcgi_temp_path DIR/f;
                  uwsgi_temp_path DIR/u; scgi_temp_path DIR/s;
                  keepalive_requests 1000000; access_log DIR/access.log;
                  server { listen 127.0.0.1:PORT; location / { return 200 "hello\\n"; } }
                }
                """.replace("DIR", directory.toString())
                .replace("PORT", Integer.toString(upstream)));
        nginx = new ProcessBuilder("nginx", "-c", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("nginx.out").toFile())
                .start();
        await(() -> get("http://127.0.0.1:" + upstream + "/", "") == 200);
        Files.writeString(directory.resolve("access.log"), "");
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (proxy != null) {
            proxy.destroyForcibly().waitFor();
        }
        if (nginx != null) {
            nginx.destroy();
            nginx.waitFor(10, TimeUnit.SECONDS);
        }
    }

    private void standalone(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Tools.launcher().toString(), "standalone", "--listen", "0", "--upstream", "127.0.0.1:" + upstream));
        command.addAll(Arrays.asList(arguments));
        Path err = directory.resolve("err");
        Files.deleteIfExists(err);
        proxy = Tools.builder(command)
                .redirectOutput(directory.resolve("out").toFile())
                .redirectError(err.toFile())
                .start();
        await(() -> said().contains("stats and rules: "));
        port = Integer.parseInt(between(said(), "listening on 127.0.0.1:", ","));
        admin = between(said(), "stats and rules: ", "/stats");
    }

    private String said() {
        try {
            return Files.readString(directory.resolve("err"));
        } catch (IOException e) {
            return "";
        }
    }

    private static String between(String text, String before, String after) {
        int from = text.indexOf(before) + before.length();
        return text.substring(from, text.indexOf(after, from));
    }

    /** Ends it as a service manager does; what it printed. */
    private String end() throws Exception {
        proxy.destroy();
        assertThat(proxy.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(proxy.exitValue()).as(said()).isZero();
        return Files.readString(directory.resolve("out"));
    }

    private int get(String uri, String tier) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(uri));
        if (!tier.isEmpty()) {
            request.header("x-user-tier", tier);
        }
        return status(request.build());
    }

    private int status(HttpRequest request) {
        try {
            return http.send(request, BodyHandlers.discarding()).statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** One character a request: x for a 503, . for nginx's answer, ? for anything else. */
    private String drive(int requests, String tier) {
        StringBuilder faults = new StringBuilder();
        for (int i = 0; i < requests; i++) {
            int status = get("http://127.0.0.1:" + port + "/", tier);
            faults.append(status == 503 ? 'x' : status == 200 ? '.' : '?');
        }
        return faults.toString();
    }

    private static long faults(String pattern) {
        return pattern.chars().filter(c -> c == 'x').count();
    }

    @Test
    void shareOfTheCanaryIsFaultedReplayedAndAddsUpWithNginxLog() throws Exception {
        standalone("--fault", CANARY, "--seed", "7", "--json");
        String first = drive(1000, "canary");
        assertThat(first).doesNotContain("?");
        assertThat(faults(first)).isBetween(340L, 460L);
        assertThat(drive(100, "")).isEqualTo(".".repeat(100));
        assertThat(drive(100, "gold")).isEqualTo(".".repeat(100));
        String summary = end();
        long passed;
        try (var lines = Files.lines(directory.resolve("access.log"))) {
            passed = lines.count();
        }
        assertThat(passed).isEqualTo(1200 - faults(first));
        assertThat(summary.replaceAll("\\s", ""))
                .contains("\"requests\":1200,")
                .contains("\"2xx\":" + passed + ",")
                .contains("\"5xx\":" + faults(first) + "}")
                .contains("\"touched\":" + faults(first) + ",")
                .contains("\"seed\":\"7\"")
                .contains("\"scoped\":1000,");

        standalone("--fault", CANARY, "--seed", "7", "--concurrency", "2");
        assertThat(drive(1000, "canary")).isEqualTo(first);
    }

    /** The seeds are given, so that this holds always or never. */
    @Test
    void drawsOfTenSeedsLookBinomial() throws Exception {
        standalone();
        StringBuilder all = new StringBuilder();
        for (int seed = 1; seed <= 10; seed++) {
            assertThat(put(
                            "tier" + seed,
                            "\"percentage\":40,\"seed\":" + seed + ",\"fault\":{\"abort\":{\"httpStatus\":503}}"))
                    .isEqualTo(201);
            String one = drive(400, "");
            assertThat(faults(one)).as("seed " + seed).isBetween(120L, 200L);
            all.append(one);
            assertThat(status(delete("/tier" + seed))).isEqualTo(200);
        }
        assertThat(all).doesNotContain("?");
        assertThat((double) faults(all.toString())).isCloseTo(1600, within(125.0));
        int turns = 0;
        for (int i = 1; i < all.length(); i++) {
            turns += all.charAt(i) == all.charAt(i - 1) ? 0 : 1;
        }
        assertThat((double) turns).isCloseTo(2 * 0.4 * 0.6 * 3999, within(130.0));
    }

    private int put(String name, String spec) {
        return status(
                HttpRequest.newBuilder(URI.create(admin + "/mishap/v1/rules/" + name + "?lease=it&leaseMillis=60000"))
                        .PUT(BodyPublishers.ofString(
                                "{\"apiVersion\":\"mishap.dev/v1\",\"kind\":\"FaultRule\",\"metadata\":{\"name\":\""
                                        + name + "\"},\"spec\":{" + spec + "}}"))
                        .build());
    }

    private HttpRequest delete(String path) {
        return HttpRequest.newBuilder(URI.create(admin + "/mishap/v1/rules" + path))
                .DELETE()
                .build();
    }

    private static String rule(String name, int status) {
        return """
                apiVersion: mishap.dev/v1
                kind: FaultRule
                metadata: {name: %s}
                spec: {fault: {abort: {httpStatus: %d}}}
                """.formatted(name, status);
    }

    @Test
    void rulesFileIsFollowedAndWhatEndedStaysInTheSummary() throws Exception {
        Path file = Files.writeString(directory.resolve("rules.yaml"), rule("first", 503));
        standalone("--rules", file.toString());
        assertThat(drive(3, "")).isEqualTo("xxx");

        Files.writeString(file, "kind: [");
        await(() -> said().contains("the rules stay as they were"));
        assertThat(drive(1, "")).isEqualTo("x");

        Path fresh = Files.writeString(directory.resolve("fresh.yaml"), rule("second", 418));
        Files.move(fresh, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        await(() -> get("http://127.0.0.1:" + port + "/", "") == 418);

        assertThat(put("second", "\"fault\":{\"reset\":{}}")).isEqualTo(409);
        assertThat(status(delete(""))).isEqualTo(200);
        assertThat(drive(2, "")).isEqualTo("..");
        assertThat(end()).contains("rule first (ended): matched ", "rule second (ended): matched ");
    }

    @Test
    void resetIsARealOne() throws Exception {
        standalone("--fault", "reset");
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\nhost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThatThrownBy(() -> socket.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
        }
    }

    @Test
    void whatCannotStartSaysWhyInOneLine() {
        for (List<String> more : List.of(
                List.of("--listen", "" + upstream),
                List.of("--listen", "0", "--admin", "" + upstream),
                List.of("--listen", "0", "--rules", "/dev/zero"),
                List.of("--listn", "0"))) {
            List<String> command = new ArrayList<>(
                    List.of(Tools.launcher().toString(), "standalone", "--upstream", "127.0.0.1:" + upstream));
            command.addAll(more);
            Tools.Result result = Tools.run(directory, 60, command);
            assertThat(result.exit()).as(more.toString()).isIn(1, 2);
            assertThat(result.err().lines()).as(more.toString()).hasSize(1);
            assertThat(result.err()).startsWith("mishap standalone: ").doesNotContain("Exception");
        }
    }

    private static void await(BooleanSupplier condition) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > limit) {
                throw new AssertionError("did not come true within 60 s");
            }
            LockSupport.parkNanos(20_000_000);
        }
    }
}
