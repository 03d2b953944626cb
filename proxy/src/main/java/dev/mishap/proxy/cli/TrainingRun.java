package dev.mishap.proxy.cli;

import dev.mishap.proxy.log.Logging;
import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * What {@code mishap archive} runs so that the JVM learns which classes a proxy needs (a CDS archive on JDK 17, an AOT cache on 25):
 * a proxy with a fault filter, an access log and an upstream, some requests through it, and an orderly end. All of it is on
 * loopback, on ports that the system chooses.
 */
public final class TrainingRun {
    private static final int REQUESTS = 2000;

    private TrainingRun() {}

    public static void main(String[] arguments) throws IOException {
        Logging.setAll("off");
        Server upstream = start(UPSTREAM);
        Server proxy = start(PROXY.replace("UPSTREAM_PORT", String.valueOf(port(upstream))));
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port(proxy))) {
            for (int i = 0; i < REQUESTS; i++) {
                ask(client, i % 50 == 0 ? "/fault" : "/");
            }
        }
        proxy.shutdown();
        proxy.awaitEnd();
        proxy.close();
        upstream.shutdown();
        upstream.awaitEnd();
        upstream.close();
    }

    private static Server start(String yaml) {
        Options options = Options.of(yaml, 1, "off");
        Server server = new Server(options, BootstrapLoader.load(options));
        server.start();
        return server;
    }

    private static int port(Server server) {
        InetSocketAddress address = server.listeners().get(0).address();
        return address.getPort();
    }

    private static void ask(Socket client, String path) throws IOException {
        client.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nhost: localhost\r\nuser-agent: training\r\naccept: */*\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
        InputStream in = client.getInputStream();
        StringBuilder head = new StringBuilder(512);
        while (head.length() < 4 || !head.substring(head.length() - 4).equals("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                throw new IOException("the proxy closed the connection after " + head);
            }
            head.append((char) b);
        }
        int at = head.indexOf("content-length: ");
        int length = at < 0 ? 0 : Integer.parseInt(head.substring(at + 16, head.indexOf("\r\n", at)));
        if (in.readNBytes(length).length != length) {
            throw new IOException("a body was cut");
        }
    }

    private static final String MANAGER = """
            static_resources:
              listeners:
              - name: training
                address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: training
            """;

    private static final String ROUTER = """
                      - name: envoy.filters.http.router
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
            """;

    private static final String UPSTREAM = MANAGER + """
                      route_config:
                        virtual_hosts:
                        - name: all
                          domains: ["*"]
                          routes:
                          - match: {prefix: "/"}
                            direct_response: {status: 200, body: {inline_string: ok}}
                      http_filters:
            """ + ROUTER;

    private static final String PROXY = """
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
            """ + MANAGER + """
                      access_log:
                      - name: log
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                          path: /dev/null
                      route_config:
                        virtual_hosts:
                        - name: all
                          domains: ["*"]
                          routes:
                          - match: {prefix: "/"}
                            route: {cluster: upstream}
                      http_filters:
                      - name: envoy.filters.http.fault
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
                          abort: {http_status: 503, percentage: {numerator: 100}}
                          delay: {fixed_delay: 0.001s, percentage: {numerator: 100}}
                          headers: [{name: ":path", string_match: {exact: /fault}}]
            """ + ROUTER + """
              clusters:
              - name: upstream
                connect_timeout: 1s
                load_assignment:
                  cluster_name: upstream
                  endpoints:
                  - lb_endpoints:
                    - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: UPSTREAM_PORT}}}
            """;
}
