package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import dev.mishap.proxy.server.TestOptions;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.text.RuleLine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A proxy between two raw sockets that a test holds both of: the first listener is a TCP proxy, the second speaks HTTP. */
final class FaultRig implements AutoCloseable {
    private static final String LISTENERS = """
            static_resources:
              listeners:
              - name: tcp
                address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.tcp_proxy
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                      stat_prefix: t
                      cluster: %1$s
                      access_log: [%3$s]
              - name: http
                address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: h
                      access_log: [%3$s]
                      route_config:
                        virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: %2$s, timeout: 0s}}]}]
                      http_filters:
                      - {name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
            """;

    private static final String CLUSTERS = """
              clusters:
              - name: service
                connect_timeout: 3600s
                %2$s
                load_assignment:
                  cluster_name: service
                  endpoints:
                  - locality: {region: eu, zone: a}
                    lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %1$d}}}}]
            """;

    /** How a connection ended for who had it. */
    enum End {
        FIN,
        RST,
        OPEN
    }

    final ServerSocket service = new ServerSocket();
    final Server server;
    private final Path log;

    /** @param cluster further fields of the cluster, or nothing */
    FaultRig(Path directory, String cluster) throws IOException {
        service.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        service.setSoTimeout(20_000);
        log = directory.resolve("log");
        String accessLog = accessLog(
                log,
                "<%REQ(:PATH)% %RESPONSE_FLAGS% %DYNAMIC_METADATA(mishap:experiment)%"
                        + " %DYNAMIC_METADATA(mishap:rule)% %DYNAMIC_METADATA(mishap:fault)%>");
        Options options = TestOptions.brief(
                listeners("service", "service", accessLog) + CLUSTERS.formatted(service.getLocalPort(), cluster),
                1,
                "off");
        server = new Server(options, BootstrapLoader.load(options));
        server.start();
    }

    /** Bootstrap up to its clusters: a listener that proxies TCP and then one that speaks HTTP. */
    static String listeners(String tcpCluster, String httpCluster, String accessLog) {
        return LISTENERS.formatted(tcpCluster, httpCluster, accessLog);
    }

    /** An access log with lines of this format. */
    static String accessLog(Path file, String format) {
        return "{name: f, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog,"
                + " path: \"" + file + "\", log_format: {text_format_source: {inline_string: \"" + format + "\\n\"}}}}";
    }

    @Override
    public void close() throws IOException {
        server.rules().replaceOwn(List.of());
        server.shutdown();
        server.close();
        service.close();
    }

    /** Puts rules in place of those there are, called r0, r1 and so on. */
    void rules(String... lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "r" + i));
        }
        server.rules().replaceOwn(rules);
    }

    /** A client of the TCP proxy. */
    Socket client() throws IOException {
        return client(0);
    }

    /** A client of a listener. */
    Socket client(int listener) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        socket.setReceiveBufferSize(service.getReceiveBufferSize());
        socket.connect(server.listeners().get(listener).address());
        return socket;
    }

    /** The next connection that the service gets. */
    Socket accept() throws IOException {
        Socket socket = service.accept();
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        return socket;
    }

    long stat(String name) {
        return server.stats().value(name);
    }

    static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    static String read(Socket socket, int bytes) throws IOException {
        return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.ISO_8859_1);
    }

    /** How the connection ends within the socket's time-out; what comes before is dropped. */
    static End end(Socket socket) throws IOException {
        try {
            while (socket.getInputStream().read() >= 0) {
                // what is left
            }
            return End.FIN;
        } catch (SocketTimeoutException e) {
            return End.OPEN;
        } catch (SocketException e) {
            return End.RST;
        }
    }

    static void await(BooleanSupplier condition) {
        long limit = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("did not come true").isLessThan(limit);
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** The line of the access log that contains {@code part}, once it is there. */
    String logged(String part) {
        String[] found = {""};
        await(() -> {
            try {
                found[0] = !Files.exists(log)
                        ? ""
                        : Files.readString(log)
                                .lines()
                                .filter(line -> line.contains(part))
                                .findFirst()
                                .orElse("");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            return !found[0].isEmpty();
        });
        return found[0];
    }
}
