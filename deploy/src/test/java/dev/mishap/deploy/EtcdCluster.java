package dev.mishap.deploy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Three members of etcd. */
final class EtcdCluster implements AutoCloseable {
    private static final int MEMBERS = 3;

    private final HttpClient http = HttpClient.newHttpClient();
    private final List<Process> members = new ArrayList<>();
    private final List<String> endpoints = new ArrayList<>();

    /** Starts them and waits for a leader. */
    EtcdCluster(Path directory) throws IOException {
        List<String> peers = new ArrayList<>();
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < MEMBERS; i++) {
            endpoints.add("http://127.0.0.1:" + ProxyProcess.freePort());
            peers.add("http://127.0.0.1:" + ProxyProcess.freePort());
            all.append(i == 0 ? "" : ",").append('m').append(i).append('=').append(peers.get(i));
        }
        for (int i = 0; i < MEMBERS; i++) {
            List<String> command = new ArrayList<>(List.of("etcd", "--name", "m" + i, "--logger", "zap"));
            command.addAll(List.of("--data-dir", directory.resolve("m" + i).toString()));
            command.addAll(List.of("--listen-client-urls", endpoints.get(i)));
            command.addAll(List.of("--advertise-client-urls", endpoints.get(i)));
            command.addAll(List.of("--listen-peer-urls", peers.get(i)));
            command.addAll(List.of("--initial-advertise-peer-urls", peers.get(i)));
            command.addAll(List.of("--initial-cluster", all.toString()));
            members.add(Tools.builder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("m" + i + ".log").toFile())
                    .start());
        }
        Sidecar.await(() -> leader() >= 0);
    }

    String endpoints() {
        return String.join(",", endpoints);
    }

    private int leader() {
        for (int i = 0; i < MEMBERS; i++) {
            String status = status(endpoints.get(i));
            String leader = field(status, "leader");
            if (!leader.isEmpty() && leader.equals(field(status, "member_id"))) {
                return i;
            }
        }
        return -1;
    }

    private String status(String endpoint) {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create(endpoint + "/v3/maintenance/status"))
                                    .POST(BodyPublishers.ofString("{}"))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String field(String json, String name) {
        Matcher matcher = Pattern.compile('"' + name + "\":\"([0-9]+)\"").matcher(json);
        return matcher.find() ? matcher.group(1) : "";
    }

    /** SIGKILL. */
    void killLeader() throws InterruptedException {
        members.get(leader()).destroyForcibly().waitFor();
    }

    /** A directory for each run. */
    static Path directory(Path parent) throws IOException {
        return Files.createDirectory(parent.resolve("etcd"));
    }

    @Override
    public void close() {
        members.forEach(Process::destroyForcibly);
    }
}
