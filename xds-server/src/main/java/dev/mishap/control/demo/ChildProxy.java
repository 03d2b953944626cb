package dev.mishap.control.demo;

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

/**
 * A {@code mishap proxy} as a child process, started by the launcher as a user would. It ends with this process, however that ends: a shell
 * between the two waits for the end of its standard input. Ctrl-C does not reach it, so that faults can be taken back first.
 */
final class ChildProxy implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    private static final String WATCHER = "trap '' INT; exec 3<&0; \"$@\" </dev/null 3<&- & proxy=$!; "
            + "{ read -r line; kill -TERM $proxy; } <&3 2>/dev/null & watcher=$!; "
            + "wait $proxy; code=$?; kill $watcher 2>/dev/null; exit $code";

    private final String name;
    private final Process process;
    private final Path log;
    private final Path adminAddress;

    ChildProxy(String launcher, String name, String config, Path directory) throws IOException {
        this.name = name;
        Path file = Files.writeString(directory.resolve(name + "-proxy.yaml"), config);
        log = directory.resolve(name + "-proxy.log");
        adminAddress = directory.resolve(name + "-proxy.admin");
        Files.deleteIfExists(adminAddress);
        ProcessBuilder builder = new ProcessBuilder(List.of(
                "/bin/sh",
                "-c",
                WATCHER,
                "mishap-demo",
                launcher,
                "proxy",
                "-c",
                file.toString(),
                "--concurrency",
                "1",
                "--admin-address-path",
                adminAddress.toString(),
                "--drain-time-s",
                "1"));
        // The tree was built when this process was started; a second build in the middle of a run would only confuse.
        builder.environment().put("MISHAP_NO_BUILD", "1");
        builder.redirectErrorStream(true).redirectOutput(log.toFile());
        process = builder.start();
    }

    /** Waits until the proxy serves; returns its admin address. */
    URI awaitReady(HttpClient http) throws IOException, InterruptedException {
        long limit = System.nanoTime() + START_LIMIT.toNanos();
        while (System.nanoTime() < limit) {
            if (process.waitFor(30, TimeUnit.MILLISECONDS)) {
                throw new IOException("the proxy in front of " + name + " ended at its start with code "
                        + process.exitValue() + ":\n" + tail());
            }
            String address =
                    Files.exists(adminAddress) ? Files.readString(adminAddress).strip() : "";
            if (!address.isEmpty()) {
                URI admin = URI.create("http://" + address);
                if (ready(http, admin)) {
                    return admin;
                }
            }
        }
        throw new IOException(
                "the proxy in front of " + name + " is not ready after " + START_LIMIT.toSeconds() + " s:\n" + tail());
    }

    private static boolean ready(HttpClient http, URI admin) throws InterruptedException {
        try {
            HttpRequest request = HttpRequest.newBuilder(admin.resolve("/ready"))
                    .timeout(Duration.ofSeconds(2))
                    .build();
            return http.send(request, BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private String tail() throws IOException {
        List<String> lines = Files.exists(log) ? Files.readAllLines(log) : List.of();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
    }

    @Override
    public void close() {
        try {
            process.getOutputStream().close();
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.descendants().forEach(ProcessHandle::destroy);
        } catch (InterruptedException e) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            Thread.currentThread().interrupt();
        }
    }
}
