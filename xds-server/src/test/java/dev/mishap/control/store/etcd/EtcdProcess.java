package dev.mishap.control.store.etcd;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A real etcd. */
final class EtcdProcess implements AutoCloseable {
    private final Path directory;
    private final List<String> command;
    private final int port;
    private @Nullable Process process;

    /** Skips the test when there is no etcd on this machine. */
    static void need() {
        try {
            Process version = new ProcessBuilder("etcd", "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            Assumptions.assumeTrue(version.waitFor(20, TimeUnit.SECONDS) && version.exitValue() == 0, "needs etcd");
        } catch (IOException e) {
            Assumptions.abort("needs etcd");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Of the loopback address, free a moment ago and not among those that the kernel gives to clients. */
    static int freePort() throws IOException {
        for (int i = 0; i < 200; i++) {
            int port = 12_000 + java.util.concurrent.ThreadLocalRandom.current().nextInt(18_000);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException e) {
                continue;
            }
        }
        throw new IOException("no port is free");
    }

    static EtcdProcess single(Path directory, String scheme, String... flags) throws IOException {
        int peer = freePort();
        EtcdProcess etcd =
                new EtcdProcess("m0", directory, freePort(), scheme, peer, "m0=http://127.0.0.1:" + peer, flags);
        etcd.start();
        return etcd;
    }

    static List<EtcdProcess> cluster(Path directory, int members) throws IOException {
        List<Integer> peers = new ArrayList<>();
        List<String> urls = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            peers.add(freePort());
            urls.add("m" + i + "=http://127.0.0.1:" + peers.get(i));
        }
        List<EtcdProcess> all = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            all.add(new EtcdProcess(
                    "m" + i, directory.resolve("m" + i), freePort(), "http", peers.get(i), String.join(",", urls)));
        }
        for (EtcdProcess each : all) {
            each.start();
        }
        return all;
    }

    private EtcdProcess(
            String name, Path directory, int port, String scheme, int peer, String cluster, String... flags) {
        this.directory = directory;
        this.port = port;
        String client = scheme + "://127.0.0.1:" + port;
        command = new ArrayList<>(List.of(
                "etcd",
                "--name",
                name,
                "--data-dir",
                directory.resolve("data").toString(),
                "--listen-client-urls",
                client,
                "--advertise-client-urls",
                client,
                "--listen-peer-urls",
                "http://127.0.0.1:" + peer,
                "--initial-advertise-peer-urls",
                "http://127.0.0.1:" + peer,
                "--initial-cluster",
                cluster,
                "--logger",
                "zap"));
        command.addAll(List.of(flags));
    }

    String endpoint() {
        return command.get(6);
    }

    int port() {
        return port;
    }

    void start() throws IOException {
        directory.toFile().mkdirs();
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("etcd.log").toFile()))
                .start();
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        Process running = process;
        if (running != null) {
            running.destroyForcibly().waitFor();
        }
    }

    /** A call of the JSON form of etcd's API. */
    String post(String path, String body) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(endpoint() + path))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(path + ": " + response.body());
        }
        return response.body();
    }

    @Override
    public void close() {
        try {
            kill();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
