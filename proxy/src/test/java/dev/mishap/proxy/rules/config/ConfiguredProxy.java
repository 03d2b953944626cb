package dev.mishap.proxy.rules.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.mishap.proxy.rules.RulesApi;
import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import dev.mishap.proxy.server.TestOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A proxy that is told its faults by its configuration, in front of an HTTP server that says {@code ok}; two workers. */
final class ConfiguredProxy {
    static final String HTTP = "type.googleapis.com/mishap.filters.http.fault.v1.HttpFault";
    static final String NETWORK = "type.googleapis.com/mishap.filters.network.fault.v1.NetworkFault";

    final Path directory;
    Server server;
    private final HttpServer upstream;
    private final List<AutoCloseable> open = new ArrayList<>();

    ConfiguredProxy(Path directory) throws IOException {
        this.directory = directory;
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            byte[] body = "ok".getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        upstream.start();
        open.add(() -> upstream.stop(0));
    }

    /** A filter chain's last filter: a connection manager. */
    String hcm(String filters, String routes) {
        return """
                {name: hcm, typed_config: {
                  '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager,
                  stat_prefix: in,
                  route_config: {virtual_hosts: [{name: v, domains: ['*'], routes: [%s]}]},
                  http_filters: [%s {name: envoy.filters.http.router,
                    typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}],
                  access_log: [%s]}}
                """.formatted(routes.isEmpty() ? "{match: {prefix: /}, route: {cluster: u}}" : routes, filters, log());
    }

    /** What the rules API answers to a GET. */
    String api(String path) {
        return new RulesApi(server.rules(), null)
                .handle(new RulesApi.Request("GET", RulesApi.PREFIX + path, Map.of(), null, true, new byte[0]))
                .body();
    }

    /** A filter chain's last filter: a TCP proxy. */
    String tcp() {
        return """
                {name: tcp, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy,
                  stat_prefix: in, cluster: u, access_log: [%s]}}
                """.formatted(log());
    }

    private String log() {
        return """
                {name: file, typed_config: {'@type': type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog,
                  path: %s, log_format: {text_format_source: {inline_string: "%%RESPONSE_CODE%% %%RESPONSE_FLAGS%% %%DYNAMIC_METADATA(mishap:experiment)%% %%DYNAMIC_METADATA(mishap:rule)%%\\n"}}}}
                """.formatted(directory.resolve("access.log"));
    }

    /** The bootstrap. */
    String yaml(String networkFilters, String cluster) {
        return """
                node: {id: node-1, cluster: front}
                static_resources:
                  listeners:
                  - name: in
                    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                    filter_chains: [{filters: [%s]}]
                  clusters:
                  - name: u
                    connect_timeout: 1s
                    load_assignment:
                      cluster_name: u
                      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
                    %s
                """.formatted(networkFilters, upstream.getAddress().getPort(), cluster);
    }

    Server load(String yaml) {
        Options options = TestOptions.brief(yaml, 2, "info");
        return new Server(options, BootstrapLoader.load(options));
    }

    void start(String networkFilters) {
        start(networkFilters, "");
    }

    void start(String networkFilters, String cluster) {
        startYaml(yaml(networkFilters, cluster));
    }

    void startYaml(String yaml) {
        server = load(yaml);
        open.add(0, server::close);
        server.start();
        await(() -> !server.listeners().isEmpty() && server.listeners().get(0).port() > 0);
    }

    /** Moves a file with one ExtensionConfig into place, as {@code ecds(name)} reads it. */
    void push(String name, String version, String typedConfig) throws IOException {
        Path next = directory.resolve(name + ".next");
        Files.writeString(next, """
                {version_info: '%s', resources: [{'@type': type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig,
                  name: %s, typed_config: %s}]}
                """.formatted(version, name, typedConfig));
        Files.move(next, directory.resolve(name + ".yaml"), StandardCopyOption.ATOMIC_MOVE);
    }

    /** The discovery of {@link #push}'s file. */
    String ecds(String name, String type, String more) {
        return "{name: " + name + ", config_discovery: {config_source: {path_config_source: {path: '"
                + directory.resolve(name + ".yaml") + "'}}, type_urls: ['" + type + "']" + more + "}}";
    }

    /** {@code mishap.rules.v1.DiscoveredRules} of {@link #pushRules}' file. */
    String discovered(String name) {
        return "discovered: {name: " + name + ", config_source: {path_config_source: {path: '"
                + directory.resolve(name + ".yaml") + "'}}}";
    }

    /** Pushes a set of rules. */
    void pushRules(String name, String version, String rules) throws IOException {
        push(name, version, "{'@type': type.googleapis.com/mishap.rules.v1.RuleSet, rules: [" + rules + "]}");
    }

    int port() {
        return server.listeners().get(0).port();
    }

    Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port());
        socket.setSoTimeout(20_000);
        return socket;
    }

    /** One request on a connection that stays open; the head and body of the answer. */
    static String get(Socket socket, String path) throws IOException {
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nhost: a\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        StringBuilder answer = new StringBuilder();
        int length = -1;
        while (length < 0 || answer.length() < length) {
            int b = socket.getInputStream().read();
            if (b < 0) {
                throw new IOException("ended after '" + answer + "'");
            }
            answer.append((char) b);
            if (length < 0 && answer.toString().endsWith("\r\n\r\n")) {
                String head = answer.toString().toLowerCase(java.util.Locale.ROOT);
                int at = head.indexOf("content-length: ");
                assertThat(at).as(head).isPositive();
                int end = head.indexOf('\r', at);
                length = answer.length() + Integer.parseInt(head.substring(at + 16, end));
            }
        }
        return answer.toString();
    }

    /** One request on a connection of its own. */
    String get(String path) throws IOException {
        try (Socket socket = connect()) {
            return get(socket, path);
        }
    }

    long stat(String name) {
        return server.stats().value(name);
    }

    void awaitLog(String line) {
        Path log = directory.resolve("access.log");
        await(() -> {
            try {
                return Files.exists(log) && Files.readString(log).contains(line);
            } catch (IOException e) {
                return false;
            }
        });
    }

    static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("within 20 s").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }
}
