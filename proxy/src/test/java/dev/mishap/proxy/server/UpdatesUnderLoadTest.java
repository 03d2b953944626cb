package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.mishap.proxy.listener.Listener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clusters, routes and listeners change ten times a second while clients ask over connections that they keep. */
class UpdatesUnderLoadTest {
    private static final String TYPE = "{\"@type\": \"type.googleapis.com/envoy.config.";
    private static final int UPDATES = 40;

    @TempDir
    Path directory;

    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicBoolean over = new AtomicBoolean();

    private void move(String name, String version, List<String> resources) throws IOException {
        Path made = Files.writeString(
                directory.resolve(name + ".new"),
                "{\"version_info\": \"" + version + "\", \"resources\": [" + String.join(", ", resources) + "]}");
        Files.move(made, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    private static String cluster(int n, int port) {
        return TYPE + "cluster.v3.Cluster\", \"name\": \"c" + n + "\", \"type\": \"STATIC\", \"load_assignment\":"
                + " {\"cluster_name\": \"c" + n + "\", \"endpoints\": [{\"lb_endpoints\": [{\"endpoint\": {\"address\":"
                + " {\"socket_address\": {\"address\": \"127.0.0.1\", \"port_value\": " + port + "}}}}]}]}}";
    }

    private static String routes(int n) {
        return TYPE
                + "route.v3.RouteConfiguration\", \"name\": \"r\", \"virtual_hosts\": [{\"name\": \"v\", \"domains\":"
                + " [\"*\"], \"routes\": [{\"match\": {\"prefix\": \"/\"}, \"route\": {\"cluster\": \"c" + n
                + "\"}}]}]}";
    }

    private String listener(int n, int port) {
        String extensions = "type.googleapis.com/envoy.extensions.filters.";
        return TYPE + "listener.v3.Listener\", \"name\": \"l\", \"per_connection_buffer_limit_bytes\": " + (100_000 + n)
                + ", \"address\": {\"socket_address\": {\"address\": \"127.0.0.1\", \"port_value\": " + port
                + "}}, \"filter_chains\": [{\"filters\": [{\"name\": \"hcm\", \"typed_config\": {\"@type\": \""
                + extensions
                + "network.http_connection_manager.v3.HttpConnectionManager\", \"stat_prefix\": \"in\", \"rds\":"
                + " {\"route_config_name\": \"r\", \"config_source\": {\"path_config_source\": {\"path\": \""
                + directory.resolve("rds.json") + "\"}}}, \"http_filters\": [{\"name\": \"router\", \"typed_config\":"
                + " {\"@type\": \"" + extensions + "http.router.v3.Router\"}}]}}]}]}";
    }

    private void ask(int port) {
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                .timeout(Duration.ofSeconds(20))
                .build();
        while (!over.get()) {
            try {
                HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
                if (response.statusCode() != 200 || !response.body().equals("hello")) {
                    failures.add(response.statusCode() + " " + response.body());
                }
                answered.incrementAndGet();
            } catch (IOException e) {
                failures.add(e.toString());
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    @Test
    @Timeout(120)
    void noRequestFails() throws Exception {
        HttpServer upstream = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 100);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 5);
            exchange.getResponseBody().write("hello".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            exchange.close();
        });
        upstream.setExecutor(Executors.newCachedThreadPool());
        upstream.start();
        int to = upstream.getAddress().getPort();
        move("cds.json", "0", List.of(cluster(0, to)));
        move("rds.json", "0", List.of(routes(0)));
        move("lds.json", "0", List.of(listener(0, 0)));
        String dynamic = "node: {id: node-1, cluster: c}\ndynamic_resources: {lds_config: {path_config_source: {path: '"
                + directory.resolve("lds.json") + "'}}, cds_config: {path_config_source: {path: '"
                + directory.resolve("cds.json") + "'}}}";
        Options options = Options.of(dynamic, 2, "off");
        Server server = new Server(options, BootstrapLoader.load(options));
        ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
        List<Thread> clients = new ArrayList<>();
        try {
            server.start();
            Listener first = server.listeners().get(0);
            int port = ((InetSocketAddress) first.address()).getPort();
            for (int i = 0; i < 4; i++) {
                Thread client = new Thread(() -> ask(port));
                client.start();
                clients.add(client);
            }
            CountDownLatch done = new CountDownLatch(1);
            AtomicInteger step = new AtomicInteger();
            pace.scheduleAtFixedRate(() -> update(server, step, to, done), 100, 50, TimeUnit.MILLISECONDS);
            assertThat(done.await(100, TimeUnit.SECONDS)).isTrue();
        } finally {
            over.set(true);
            for (Thread client : clients) {
                client.join();
            }
            pace.shutdownNow();
            server.shutdown();
            server.awaitEnd();
            server.close();
            upstream.stop(0);
        }
        assertThat(failures).isEmpty();
        assertThat(answered.get()).isGreaterThan(100);
        assertThat(server.stats().value("listener_manager.listener_modified")).isPositive();
        assertThat(server.stats().value("cluster_manager.cluster_removed")).isPositive();
        assertThat(server.stats().value("http.in.rds.r.config_reload")).isGreaterThan(UPDATES / 2);
    }

    /** By turns: a cluster comes, the routes go to it, the one before goes; the listener changes, too. */
    private void update(Server server, AtomicInteger step, int to, CountDownLatch done) {
        try {
            int n = step.get() / 2 + 1;
            boolean second = step.get() % 2 == 1;
            if (n > UPDATES) {
                done.countDown();
            } else if (!second) {
                move("cds.json", "a" + n, List.of(cluster(n - 1, to), cluster(n, to)));
                step.incrementAndGet();
            } else if (server.clusters().get("c" + n) != null) {
                move("rds.json", "b" + n, List.of(routes(n)));
                move("lds.json", "c" + n, List.of(listener(n, 0)));
                step.incrementAndGet();
            }
        } catch (IOException e) {
            failures.add(e.toString());
            done.countDown();
        }
    }
}
