package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * h2spec, the conformance suite of other people for HTTP/2 servers, with its strict tests, against us and against the real Envoy. Both
 * pass over what RFC 9113 has made optional or what the suite sees only in one order of events; nothing may fail with us that Envoy passes.
 */
class H2SpecIT {
    private static final String CONFIGURATION = """
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: ${admin}}}}
            static_resources:
              listeners:
              - name: in
                address: {socket_address: {address: 127.0.0.1, port_value: ${listener}}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: t
                      codec_type: HTTP2
                      route_config:
                        virtual_hosts:
                        - {name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: u}}]}
                      http_filters:
                      - name: envoy.filters.http.router
                        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
              clusters:
              - name: u
                load_assignment:
                  cluster_name: u
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${upstream}}}}}]}]
            """;

    /** What fails in Envoy 1.40 and in us, by section and title. */
    private static final List<String> AS_ENVOY = List.of(
            // Frames of a stream that is closed are passed over by both, as RFC 9113 section 5.1 allows for a while.
            "5.1 closed: Sends a DATA frame after sending RST_STREAM frame",
            "5.1 closed: Sends a HEADERS frame after sending RST_STREAM frame",
            "5.1 closed: Sends a DATA frame",
            "5.1 closed: Sends a HEADERS frame",
            "5.1.1 Sends stream identifier that is numerically smaller than previous",
            // Priorities are deprecated (RFC 9113 section 5.3.2) and are not looked at.
            "5.3.1 Sends PRIORITY frame that depend on itself",
            "6.3 Sends a PRIORITY frame with 0x0 stream identifier");

    /** Here both close the connection; whether the suite reads the GOAWAY before it sees that is a matter of time. */
    private static final List<String> CLOSED = List.of(
            "5.4.1 Sends an invalid PING frame to receive GOAWAY frame",
            "6.9.1 Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1",
            "6.9.1 Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream");

    private static final Pattern SECTION = Pattern.compile("\\s+([0-9.]+)\\. .*");
    private static final Pattern FAILURE = Pattern.compile("\\s+× [0-9]+: (.*)");

    @TempDir
    Path directory;

    private HttpServer upstream;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @BeforeEach
    void start() throws IOException {
        Tools.need("h2spec", "--version");
        byte[] body = "hello world\n".getBytes(StandardCharsets.US_ASCII);
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(200, head ? -1 : body.length);
            if (!head) {
                exchange.getResponseBody().write(body);
            }
            exchange.close();
        });
        upstream.setExecutor(threads);
        upstream.start();
    }

    @AfterEach
    void stop() {
        if (upstream != null) {
            upstream.stop(0);
        }
        threads.shutdownNow();
    }

    @Test
    void nothingFailsThatEnvoyPasses() {
        Arrays.stream(ProxyProcess.Kind.values()).forEach(ProxyProcess.Kind::need);
        // The suite waits for what must not come, so that both take a minute; they take it together.
        Map<ProxyProcess.Kind, CompletableFuture<TreeSet<String>>> runs = new EnumMap<>(ProxyProcess.Kind.class);
        for (ProxyProcess.Kind kind : ProxyProcess.Kind.values()) {
            runs.put(kind, CompletableFuture.supplyAsync(() -> failuresOf(kind), threads));
        }
        assertThat(runs.get(ProxyProcess.Kind.MISHAP).join())
                .isSubsetOf(Stream.concat(AS_ENVOY.stream(), CLOSED.stream()).toList());
        assertThat(runs.get(ProxyProcess.Kind.ENVOY).join()).containsAll(AS_ENVOY);
    }

    private TreeSet<String> failuresOf(ProxyProcess.Kind kind) {
        try {
            int port = ProxyProcess.freePort();
            String configuration = CONFIGURATION
                    .replace("${listener}", Integer.toString(port))
                    .replace(
                            "${upstream}",
                            Integer.toString(upstream.getAddress().getPort()));
            Path own = Files.createDirectory(directory.resolve(kind.name()));
            try (ProxyProcess proxy = new ProxyProcess(kind, own, configuration)) {
                Tools.Result result = Tools.run(
                        own, 300, List.of("h2spec", "--strict", "--timeout", "2", "--port", Integer.toString(port)));
                assertThat(proxy.leaks()).isEmpty();
                // A suite that could not connect has no failures either.
                assertThat(result.out()).contains("146 tests, ");
                return failures(result.out());
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The tests under the last heading: {@code × number: title} below the title of a section. */
    private static TreeSet<String> failures(String out) {
        TreeSet<String> failures = new TreeSet<>();
        String section = "";
        for (String line :
                out.substring(Math.max(0, out.indexOf("\nFailures:"))).split("\n")) {
            Matcher heading = SECTION.matcher(line);
            Matcher failure = FAILURE.matcher(line);
            if (heading.matches()) {
                section = heading.group(1);
            } else if (failure.matches()) {
                failures.add(section + " " + failure.group(1));
            }
        }
        return failures;
    }
}
