package dev.mishap.deploy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A {@code mishap proxy} in front of one service, started as a user would, with the demo's configuration file. */
final class Sidecar implements AutoCloseable {
    private final HttpClient http = HttpClient.newHttpClient();
    private final String service;
    private final Path directory;
    private final Process process;
    private final URI listener;
    private final URI admin;

    Sidecar(Path directory, String service, int upstreamPort) throws IOException {
        this.service = service;
        this.directory = directory;
        int port = ProxyProcess.freePort();
        String config = Files.readString(
                        Tools.root().resolve("xds-server/src/main/resources/dev/mishap/control/demo/proxy.yaml"))
                .replace("${service}", service)
                .replace("${log}", accessLog().toString())
                .replace("${port}", Integer.toString(port))
                .replace("${upstream}", Integer.toString(upstreamPort))
                // A service that hangs does so for as long as its callers wait.
                .replace("timeout: 5s", "timeout: 120s");
        Path file = Files.writeString(directory.resolve(service + ".yaml"), config);
        Path address = directory.resolve(service + ".admin");
        process = Tools.builder(List.of(
                        Tools.launcher().toString(),
                        "proxy",
                        "-c",
                        file.toString(),
                        "--admin-address-path",
                        address.toString()))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(service + "-proxy.log").toFile())
                .start();
        listener = URI.create("http://127.0.0.1:" + port + "/");
        await(() -> Files.exists(address) && status(listener) == 204);
        admin = URI.create("http://" + Files.readString(address).strip());
    }

    URI listener() {
        return listener;
    }

    URI admin() {
        return admin;
    }

    Path accessLog() {
        return directory.resolve(service + "-access.log");
    }

    boolean isAlive() {
        return process.isAlive();
    }

    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** The value of a counter or gauge of {@code /stats}. */
    long stat(String name) {
        String prefix = name + ": ";
        String line = body(admin.resolve("/stats"))
                .lines()
                .filter(each -> each.startsWith(prefix))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no stat " + name));
        return Long.parseLong(line.substring(prefix.length()));
    }

    String body(URI uri) {
        try {
            return http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private int status(URI uri) {
        try {
            return http.send(
                            HttpRequest.newBuilder(uri)
                                    .timeout(Duration.ofSeconds(2))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static void await(BooleanSupplier condition) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > limit) {
                throw new AssertionError("did not come true within 60 s");
            }
            LockSupport.parkNanos(2_000_000);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(15, TimeUnit.SECONDS)) {
                kill();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
