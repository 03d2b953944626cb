package dev.mishap.deploy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A {@code mishap serve}, started as a user would. */
final class ControlPlaneProcess implements AutoCloseable {
    private final HttpClient http = HttpClient.newHttpClient();
    private final Path log;
    private final List<String> command;
    private Process process;
    private final int apiPort = ProxyProcess.freePort();
    private final int xdsPort = ProxyProcess.freePort();
    private final int restPort = ProxyProcess.freePort();

    /** Starts it and waits until it is ready. */
    ControlPlaneProcess(Path directory, String... arguments) throws IOException {
        log = directory.resolve("serve.log");
        command = new ArrayList<>(List.of(
                Tools.launcher().toString(),
                "serve",
                "--listen-api",
                "127.0.0.1:" + apiPort,
                "--listen-xds",
                "127.0.0.1:" + xdsPort));
        for (String argument : arguments) {
            command.add(argument.replace("${rest}", Integer.toString(restPort)));
        }
        process = start();
    }

    private Process start() throws IOException {
        Process started = Tools.builder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Sidecar.await(() -> {
            if (!started.isAlive()) {
                throw new AssertionError("serve ended: " + log());
            }
            return log().contains("mishap serve: ready:");
        });
        return started;
    }

    /** On the same ports, after {@link #kill}. */
    void restart() throws IOException {
        process = start();
    }

    int apiPort() {
        return apiPort;
    }

    int restPort() {
        return restPort;
    }

    int xdsPort() {
        return xdsPort;
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Puts a rule of the namespace default; returns the answer, which must be good. */
    String apply(String name, String spec) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(put(name, spec), BodyHandlers.ofString());
        if (answer.statusCode() / 100 != 2) {
            throw new AssertionError(answer.statusCode() + ": " + answer.body());
        }
        return answer.body();
    }

    /** What puts a rule of the namespace default. */
    HttpRequest put(String name, String spec) {
        String rule = "apiVersion: mishap.dev/v1\nkind: FaultRule\nmetadata: {name: " + name + "}\nspec: " + spec;
        return HttpRequest.newBuilder(uri("/api/v1/namespaces/default/rules/" + name))
                .header("content-type", "application/yaml")
                .PUT(BodyPublishers.ofString(rule))
                .build();
    }

    void delete(String name) throws IOException, InterruptedException {
        http.send(
                HttpRequest.newBuilder(uri("/api/v1/namespaces/default/rules/" + name))
                        .DELETE()
                        .build(),
                BodyHandlers.ofString());
    }

    /** Posts JSON; the answer must be good. */
    void post(String path, String json) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(uri(path))
                        .header("content-type", "application/json")
                        .POST(BodyPublishers.ofString(json))
                        .build(),
                BodyHandlers.ofString());
        if (answer.statusCode() / 100 != 2) {
            throw new AssertionError(answer.statusCode() + ": " + answer.body());
        }
    }

    String get(String path) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString())
                .body();
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + apiPort + path);
    }

    /** A bootstrap as {@code --print-bootstrap} writes it, with a listening address of the node's own and the test's admin port. */
    String bootstrap(String client, String service, String node, String address, String apiType) {
        Tools.Result printed = Tools.run(
                Path.of("."),
                60,
                List.of(
                        Tools.launcher().toString(),
                        "serve",
                        "--listen-xds",
                        "127.0.0.1:" + xdsPort,
                        "--listen-xds-rest",
                        "127.0.0.1:" + restPort,
                        "--api-type",
                        client.equals("grpc") ? "GRPC" : apiType,
                        "--print-bootstrap",
                        client,
                        "--node",
                        service + '/' + node));
        if (printed.exit() != 0) {
            throw new AssertionError(printed.err());
        }
        return printed.out()
                .replace("runtime_layer: mishap", "runtime_layer: mishap, listen_address: " + address)
                .replace("port_value: 9901", "port_value: ${admin}");
    }

    /** SIGKILL: nothing is said to anybody. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
