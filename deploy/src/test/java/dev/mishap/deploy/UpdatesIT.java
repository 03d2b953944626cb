package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Everything that can be discovered changes, each up to ten times a second, under TLS, HTTP/1.1 and HTTP/2: no client notices. */
@Timeout(120)
class UpdatesIT {
    private static final int UPDATES = 20;
    private static final String TYPE = "{\"@type\": \"type.googleapis.com/envoy.";
    private static final String EXTENSION = "type.googleapis.com/envoy.extensions.";

    @TempDir
    Path directory;

    static {
        // The upstream would wait for an acknowledgement between the head and the body of a response.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean over = new AtomicBoolean();
    private final List<Thread> clients = new ArrayList<>();
    private final SSLContext trusting = trusting();
    private HttpServer upstream;
    private int port;

    @BeforeEach
    void start() throws IOException {
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 5);
            exchange.getResponseBody().write("hello".getBytes(StandardCharsets.US_ASCII));
            exchange.close();
        });
        upstream.setExecutor(Executors.newCachedThreadPool());
        upstream.start();
        port = ProxyProcess.freePort();
    }

    @AfterEach
    void stop() {
        over.set(true);
        upstream.stop(0);
    }

    // ---- resources ----

    private void move(String name, int version, String... resources) throws IOException {
        Path made = Files.writeString(
                directory.resolve(name + ".new"),
                "{\"version_info\": \"" + version + "\", \"resources\": [" + String.join(", ", resources) + "]}");
        Files.move(made, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    private String source(String name) {
        return "{\"path_config_source\": {\"path\": \"" + directory.resolve(name) + "\"}}";
    }

    private String cluster(int n) {
        return TYPE + "config.cluster.v3.Cluster\", \"name\": \"c" + n
                + "\", \"type\": \"STATIC\", \"load_assignment\":"
                + " {\"cluster_name\": \"c" + n + "\", \"endpoints\": [{\"lb_endpoints\": [{\"endpoint\": {\"address\":"
                + " {\"socket_address\": {\"address\": \"127.0.0.1\", \"port_value\": "
                + upstream.getAddress().getPort() + "}}}}]}]}}";
    }

    private static String routes(int cluster, int n) {
        return TYPE + "config.route.v3.RouteConfiguration\", \"name\": \"r\", \"virtual_hosts\": [{\"name\": \"v\","
                + " \"domains\": [\"*\"], \"routes\": [{\"match\": {\"prefix\": \"/\"}, \"route\": {\"cluster\": \"c"
                + cluster + "\", \"timeout\": \"" + (60 + n) + "s\"}}]}]}";
    }

    private static String fault(int n) {
        return TYPE + "config.core.v3.TypedExtensionConfig\", \"name\": \"f\", \"typed_config\": {\"@type\": \""
                + EXTENSION + "filters.http.fault.v3.HTTPFault\", \"max_active_faults\": " + (n + 1) + "}}";
    }

    private static String runtime(int n) {
        return TYPE + "service.runtime.v3.Runtime\", \"name\": \"layer\", \"layer\": {\"it.step\": " + n + "}}";
    }

    private String secret(int n) throws IOException {
        String pair = n % 2 == 0 ? "even" : "odd";
        return TYPE + "extensions.transport_sockets.tls.v3.Secret\", \"name\": \"pair\", \"tls_certificate\":"
                + " {\"certificate_chain\": {\"inline_string\": \"" + pem(pair + ".crt")
                + "\"}, \"private_key\": {\"inline_string\": \"" + pem(pair + ".key") + "\"}}}";
    }

    private String pem(String file) throws IOException {
        return Files.readString(directory.resolve(file)).replace("\n", "\\n");
    }

    private String listener(int n) {
        return TYPE + "config.listener.v3.Listener\", \"name\": \"l\", \"per_connection_buffer_limit_bytes\": "
                + (100_000 + n) + ", \"address\": {\"socket_address\": {\"address\": \"127.0.0.1\", \"port_value\": "
                + port + "}}, \"filter_chains\": [{\"transport_socket\": {\"name\": \"tls\", \"typed_config\":"
                + " {\"@type\": \"" + EXTENSION + "transport_sockets.tls.v3.DownstreamTlsContext\","
                + " \"common_tls_context\": {\"alpn_protocols\": [\"h2\", \"http/1.1\"],"
                + " \"tls_certificate_sds_secret_configs\": [{\"name\": \"pair\", \"sds_config\": " + source("sds.json")
                + "}]}}}, \"filters\": [{\"name\": \"hcm\", \"typed_config\": {\"@type\": \"" + EXTENSION
                + "filters.network.http_connection_manager.v3.HttpConnectionManager\", \"stat_prefix\": \"in\","
                + " \"rds\": {\"route_config_name\": \"r\", \"config_source\": " + source("rds.json")
                + "}, \"http_filters\": [{\"name\": \"f\", \"config_discovery\": {\"config_source\": "
                + source("ecds.json") + ", \"type_urls\": [\"" + EXTENSION
                + "filters.http.fault.v3.HTTPFault\"]}}, {\"name\": \"router\", \"typed_config\": {\"@type\": \""
                + EXTENSION + "filters.http.router.v3.Router\"}}]}}]}]}";
    }

    private ProxyProcess proxy() throws IOException {
        Tools.need("openssl", "version");
        for (String pair : List.of("even", "odd")) {
            Tools.run(
                    directory,
                    60,
                    List.of(("openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN="
                                    + pair + " -keyout " + pair + ".key -out " + pair + ".crt")
                            .split(" ")));
        }
        move("cds.json", 0, cluster(0));
        move("rds.json", 0, routes(0, 0));
        move("ecds.json", 0, fault(0));
        move("sds.json", 0, secret(0));
        move("rtds.json", 0, runtime(0));
        move("lds.json", 0, listener(0));
        return new ProxyProcess(
                ProxyProcess.Kind.MISHAP,
                directory,
                "admin: {address: {socket_address: {address: 127.0.0.1, port_value: ${admin}}}}\n"
                        + "node: {id: it, cluster: it}\n"
                        + "layered_runtime: {layers: [{name: layer, rtds_layer: {name: layer, rtds_config: "
                        + source("rtds.json") + "}}, {name: admin, admin_layer: {}}]}\n"
                        + "dynamic_resources: {lds_config: " + source("lds.json") + ", cds_config: "
                        + source("cds.json") + "}\n",
                "--drain-time-s",
                "1");
    }

    // ---- clients ----

    private static SSLContext trusting() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new TrustAll()}, new SecureRandom());
            return context;
        } catch (java.security.GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** Certificates change here, and who signed them is not what is tested. */
    private static final class TrustAll extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    /** Asks until the end, each time the way that {@code once} has; what is not {@code 200} is a failure. */
    private AtomicInteger ask(String who, Callable<String> once) {
        AtomicInteger answered = new AtomicInteger();
        Thread client = new Thread(
                () -> {
                    while (!over.get()) {
                        try {
                            String status = once.call();
                            if (!status.equals("200")) {
                                failures.add(who + ": " + status);
                            }
                            answered.incrementAndGet();
                        } catch (Exception e) {
                            failures.add(who + ": " + e);
                        }
                    }
                },
                who);
        client.start();
        clients.add(client);
        return answered;
    }

    private Callable<String> keeping(HttpClient.Version version) {
        HttpClient http =
                HttpClient.newBuilder().version(version).sslContext(trusting).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + "/"))
                .timeout(Duration.ofSeconds(20))
                .build();
        return () -> {
            HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
            assertThat(response.version()).isEqualTo(version);
            return Integer.toString(response.statusCode());
        };
    }

    /** A connection for each request. */
    private String fresh() throws IOException {
        try (Socket socket = trusting.getSocketFactory().createSocket("127.0.0.1", port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            return text.startsWith("HTTP/1.1 200 OK\r\n") && text.endsWith("hello") ? "200" : text;
        }
    }

    private void endClients() throws InterruptedException {
        over.set(true);
        for (Thread client : clients) {
            client.join(TimeUnit.SECONDS.toMillis(30));
        }
    }

    /** Runs {@code step} with 1, 2 ... ten times a second. */
    private static void pace(Step step) throws IOException {
        long began = System.nanoTime();
        for (int n = 1; n <= UPDATES; n++) {
            long next = began + TimeUnit.MILLISECONDS.toNanos(100L * n);
            while (System.nanoTime() < next) {
                LockSupport.parkNanos(next - System.nanoTime());
            }
            step.run(n);
        }
    }

    private interface Step {
        void run(int n) throws IOException;
    }

    /** Listeners are replaced, so that their connections drain: clients are told so and go on over new ones. */
    @Test
    void noRequestFailsWhateverIsUpdated() throws Exception {
        Tools.need("curl", "--version");
        try (ProxyProcess proxy = proxy()) {
            AtomicInteger kept = ask("h1", keeping(HttpClient.Version.HTTP_1_1));
            AtomicInteger fresh = ask("h1, new connections", this::fresh);
            Path codes = directory.resolve("curl.out");
            Process h2 = Tools.builder(List.of(
                            "curl",
                            "-sk",
                            "--http2",
                            "-o",
                            "/dev/null",
                            "-w",
                            "%{http_version} %{http_code}\\n",
                            "https://127.0.0.1:" + port + "/[1-1000000]"))
                    .redirectOutput(codes.toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try {
                pace(n -> {
                    move("cds.json", n, cluster(n - 1), cluster(n));
                    move("sds.json", n, secret(n));
                    move("ecds.json", n, fault(n));
                    move("rtds.json", n, runtime(n));
                    Sidecar.await(() -> proxy.get("/clusters").contains("c" + n + "::"));
                    move("rds.json", n, routes(n, n));
                    Sidecar.await(() -> proxy.stat("http.in.rds.r.config_reload") > n);
                    move("lds.json", n, listener(n));
                });
                Sidecar.await(() -> kept.get() > 100 && fresh.get() > 20 && size(codes) > 1000);
                Sidecar.await(() -> proxy.stat("listener_manager.lds.update_success") > UPDATES);
            } finally {
                endClients();
                h2.destroy();
                h2.waitFor();
            }
            String all = Files.readString(codes);
            assertThat(failures).isEmpty();
            // The end of the last line may be missing.
            assertThat(all.substring(0, all.lastIndexOf('\n')).lines().distinct())
                    .containsExactly("2 200");
            assertThat(proxy.stat("listener_manager.listener_modified")).isEqualTo(UPDATES);
            assertThat(proxy.stat("cluster_manager.cluster_removed")).isEqualTo(UPDATES - 1);
            assertThat(proxy.stat("sds.pair.update_success")).isGreaterThan(UPDATES / 2);
            assertThat(proxy.stat("http.in.downstream_rq_5xx")).isZero();
            assertThat(proxy.leaks()).isEmpty();
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Routes, filters, runtime, clusters and secrets change below connections, which stay. */
    @Test
    void noConnectionEndsUnlessItsListenerChanges() throws Exception {
        try (ProxyProcess proxy = proxy()) {
            AtomicInteger h1 = ask("h1", keeping(HttpClient.Version.HTTP_1_1));
            AtomicInteger h2 = ask("h2", keeping(HttpClient.Version.HTTP_2));
            Sidecar.await(() -> h1.get() > 0 && h2.get() > 0);
            try {
                pace(n -> {
                    move("rds.json", n, routes(0, n));
                    move("ecds.json", n, fault(n));
                    move("rtds.json", n, runtime(n));
                    move("cds.json", n, cluster(0), cluster(n));
                    move("sds.json", n, secret(n));
                    Sidecar.await(() -> proxy.stat("http.in.rds.r.config_reload") > n
                            && proxy.stat("extension_config_discovery.http_filter.f.config_reload") > n
                            && proxy.stat("runtime.update_success") > n
                            && proxy.stat("sds.pair.update_success") > n);
                });
            } finally {
                endClients();
            }
            assertThat(failures).isEmpty();
            assertThat(proxy.stat("http.in.downstream_cx_total"))
                    .as("connections")
                    .isEqualTo(2);
            assertThat(proxy.stat("http.in.downstream_rq_2xx")).isEqualTo(h1.get() + h2.get());
            assertThat(proxy.leaks()).isEmpty();
        }
    }
}
