package dev.mishap.deploy;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** A program with Envoy's command line, ours or the real one, running a configuration of the test. */
final class ProxyProcess implements AutoCloseable {
    /** Whose proxy. */
    enum Kind {
        MISHAP,
        ENVOY;

        /** Skips the test when the program is not on this machine. */
        void need() {
            if (this == ENVOY) {
                Tools.need("envoy", "--version");
            }
        }

        List<String> command() {
            return this == ENVOY ? List.of("envoy") : List.of(Tools.launcher().toString(), "proxy");
        }
    }

    private final HttpClient http = HttpClient.newHttpClient();
    private final Path log;
    private final Process process;
    private final URI admin;

    /**
     * Starts the program and waits until it is ready.
     *
     * @param configuration YAML; {@code ${admin}} in it becomes the port of the admin server
     */
    ProxyProcess(Kind kind, Path directory, String configuration, String... arguments) throws IOException {
        int port = freePort();
        Path file = Files.writeString(
                directory.resolve("proxy.yaml"), configuration.replace("${admin}", Integer.toString(port)));
        log = directory.resolve("proxy.log");
        List<String> command = new ArrayList<>(kind.command());
        command.addAll(List.of("-c", file.toString(), "--file-flush-interval-msec", "20", "--disable-hot-restart"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = Tools.builder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        // Every buffer is watched, so that a leak is told in the log; see leaks().
        builder.environment().put("MISHAP_JAVA_OPTS", "-Dio.netty.leakDetection.level=paranoid -ea");
        process = builder.start();
        admin = URI.create("http://127.0.0.1:" + port);
        Sidecar.await(() -> {
            if (!process.isAlive()) {
                throw new AssertionError("the proxy ended: " + log());
            }
            return get("/ready").equals("LIVE\n");
        });
    }

    /**
     * A port that nobody listens at just now, and which the system gives to no outgoing connection (those of Linux begin at 32768):
     * a server that stops and listens again there finds it free, and no client's connection ends up at itself.
     */
    static int freePort() throws IOException {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(15_000, 32_768);
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress("127.0.0.1", port));
                return port;
            } catch (BindException taken) {
                // Another, then.
            }
        }
    }

    int adminPort() {
        return admin.getPort();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /** Sends SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** Waits for the end; the exit code. */
    int awaitExit(int seconds) throws InterruptedException {
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            throw new AssertionError("still running after " + seconds + " s: " + log());
        }
        return process.exitValue();
    }

    /** What the program wrote. */
    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** The lines of the log that tell of a leaked buffer or of an exception nobody expected, each with those around it. */
    List<String> leaks() {
        List<String> lines = log().lines().toList();
        List<String> leaks = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.contains("LEAK:") || line.contains("Exception") || line.contains("AssertionError")) {
                leaks.add(String.join("\n", lines.subList(Math.max(0, i - 1), Math.min(lines.size(), i + 20))));
            }
        }
        return leaks;
    }

    /** The body of an admin page; empty when the server can't be reached. */
    String get(String path) {
        try {
            return http.send(HttpRequest.newBuilder(admin.resolve(path)).build(), BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The counters and gauges. */
    Map<String, Long> stats() {
        Map<String, Long> stats = new TreeMap<>();
        for (String line : get("/stats").split("\n")) {
            int colon = line.lastIndexOf(": ");
            if (colon > 0 && line.substring(colon + 2).matches("\\d+")) {
                stats.put(line.substring(0, colon), Long.parseUnsignedLong(line.substring(colon + 2)));
            }
        }
        return stats;
    }

    long stat(String name) {
        Long value = stats().get(name);
        if (value == null) {
            throw new AssertionError("no stat " + name);
        }
        return value;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(15, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
