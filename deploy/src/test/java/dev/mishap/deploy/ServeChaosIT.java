package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chaos on the control plane itself: nothing acknowledged is lost, and no fault outlives its time. */
class ServeChaosIT {
    private static final int WRITERS = 8;
    private static final int ENOUGH = 300;

    private final HttpClient http = HttpClient.newHttpClient();

    @TempDir
    private Path directory;

    /** Many who write rules at one time, each to one of some servers, and what they were told. */
    private static final class Writers {
        private final Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
        private final AtomicBoolean stop = new AtomicBoolean();
        private final AtomicInteger next = new AtomicInteger();
        private final List<Thread> threads = new ArrayList<>();

        Writers(List<ControlPlaneProcess> servers) {
            for (int i = 0; i < WRITERS; i++) {
                ControlPlaneProcess server = servers.get(i % servers.size());
                Thread thread = new Thread(() -> write(server), "writer-" + i);
                thread.start();
                threads.add(thread);
            }
        }

        private void write(ControlPlaneProcess server) {
            while (!stop.get()) {
                String name = "rule-" + next.incrementAndGet();
                try {
                    server.apply(name, "{ttl: 10m, scope: {listeners: [nowhere]}, fault: {abort: {httpStatus: 503}}}");
                    acknowledged.add(name);
                } catch (IOException | AssertionError e) {
                    // It was not acknowledged, so that it may be there or not.
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }

        /** Until so many more have been acknowledged. */
        void awaitMore(int count) {
            int from = acknowledged.size();
            Sidecar.await(() -> acknowledged.size() >= from + count);
        }

        List<String> end() throws InterruptedException {
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            return List.copyOf(acknowledged);
        }
    }

    private static void assertHas(ControlPlaneProcess server, List<String> rules) throws Exception {
        for (String rule : rules) {
            assertThat(server.get("/api/v1/namespaces/default/rules/" + rule)).contains("\"name\": \"" + rule + '"');
        }
    }

    @Test
    void killedUnder500WritesASecondItHasAllThatItAcknowledged() throws Exception {
        try (ControlPlaneProcess serve = new ControlPlaneProcess(
                directory, "--data-dir", directory.resolve("data").toString())) {
            OpenLoopWriters writers = new OpenLoopWriters(serve, 4, 500);
            Sidecar.await(() -> writers.acknowledged().size() >= 5 * ENOUGH);
            serve.kill();
            // They go on all the same: what is refused or cut off was not acknowledged.
            Sidecar.await(() -> writers.failed() > 0);
            writers.end();
            serve.restart();
            assertThat(writers.acknowledged()).hasSizeGreaterThanOrEqualTo(5 * ENOUGH);
            assertHas(serve, writers.acknowledged());
        }
    }

    @Test
    void theDeathOfEtcdsLeaderLosesNothing() throws Exception {
        Tools.need("etcd", "--version");
        try (EtcdCluster etcd = new EtcdCluster(EtcdCluster.directory(directory));
                ControlPlaneProcess one = new ControlPlaneProcess(
                        Files.createDirectory(directory.resolve("one")), "--etcd", etcd.endpoints());
                ControlPlaneProcess two = new ControlPlaneProcess(
                        Files.createDirectory(directory.resolve("two")), "--etcd", etcd.endpoints())) {
            Writers writers = new Writers(List.of(one, two));
            writers.awaitMore(ENOUGH);
            etcd.killLeader();
            writers.awaitMore(ENOUGH);
            List<String> acknowledged = writers.end();
            String last = acknowledged.get(acknowledged.size() - 1);
            for (ControlPlaneProcess server : List.of(one, two)) {
                // Each replica follows by itself.
                Sidecar.await(() -> {
                    try {
                        return server.get("/api/v1/namespaces/default/rules/" + last)
                                .contains("\"spec\"");
                    } catch (IOException e) {
                        return false;
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
                assertHas(server, acknowledged);
            }
        }
    }

    private int status(String address, int port) {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create("http://" + address + ':' + port + "/"))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void await(int port, int expected) {
        for (String address : List.of("127.0.0.2", "127.0.0.4")) {
            Sidecar.await(() -> status(address, port) == expected);
        }
    }

    /** {@code -Dmishap.it.cutSeconds=30} cuts it for as long as that. */
    @Test
    void aNetworkThatIsCutEndsFaultsAndNothingElse() {
        Tools.need("envoy", "--version");
        Tools.need("unshare", "--net", "unshare", "--net", "ip", "link", "add", "here", "type", "veth");
        Tools.need("nsenter", "--version");
        Tools.need("curl", "--version");
        Tools.Result result = Tools.run(
                directory,
                240,
                List.of(
                        "unshare",
                        "--net",
                        "python3",
                        Tools.root()
                                .resolve("deploy/src/test/python/network_cut_check.py")
                                .toString(),
                        System.getProperty("mishap.it.cutSeconds", "6"),
                        Tools.launcher().toString(),
                        "envoy"));
        assertThat(result.out() + result.err())
                .contains("faults ended, proxies served on, and learnt what they missed");
        assertThat(result.exit()).isZero();
    }

    @Test
    void proxiesThatAreCutOffLetGoOfTheirFaultsAndLearnWhatTheyMissed() throws Exception {
        Tools.need("envoy", "--version");
        HttpServer upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        upstream.setExecutor(Executors.newCachedThreadPool());
        upstream.start();
        int port = ProxyProcess.freePort();
        try (ControlPlaneProcess serve = new ControlPlaneProcess(
                        directory,
                        "--fault-ttl",
                        "1s",
                        "--dependency",
                        "payments=" + port + ":127.0.0.1:"
                                + upstream.getAddress().getPort());
                Cable cable = new Cable(serve.xdsPort());
                ProxyProcess envoy = proxy(ProxyProcess.Kind.ENVOY, "127.0.0.2", serve, cable);
                ProxyProcess mishap = proxy(ProxyProcess.Kind.MISHAP, "127.0.0.4", serve, cable)) {
            await(port, 204);
            serve.apply("missed", "{ttl: 10m, scope: {listeners: [payments]}, fault: {abort: {httpStatus: 418}}}");
            serve.apply("kept", "{ttl: 10m, scope: {routes: [payments]}, fault: {abort: {httpStatus: 503}}}");
            await(port, 503);
            serve.delete("kept");
            await(port, 418);

            cable.cut();
            await(port, 204);
            serve.delete("missed");
            serve.apply("kept", "{ttl: 10m, scope: {listeners: [payments]}, fault: {abort: {httpStatus: 429}}}");
            assertThat(envoy.get("/ready") + mishap.get("/ready")).isEqualTo("LIVE\nLIVE\n");

            cable.mend();
            await(port, 429);
            serve.delete("kept");
            await(port, 204);
        } finally {
            upstream.stop(0);
        }
    }

    private ProxyProcess proxy(ProxyProcess.Kind kind, String address, ControlPlaneProcess serve, Cable cable)
            throws IOException {
        String client = kind == ProxyProcess.Kind.ENVOY ? "envoy" : "mishap";
        return new ProxyProcess(
                kind,
                Files.createDirectory(directory.resolve(client)),
                serve.bootstrap(client, "checkout", client, address, "DELTA_GRPC")
                        .replace("port_value: " + serve.xdsPort(), "port_value: " + cable.port()));
    }
}
