package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.SafetyOptions;
import dev.mishap.proxy.server.Server;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A whole proxy in this process, with one listener, the routes and clusters of a test, and an access log. */
final class RouterFixture implements AutoCloseable {
    private static final String HCM =
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

    private final Server server;
    private final Path log;

    /**
     * @param hcm further fields of the connection manager, as lines of flow YAML each ending in a comma; or {@code ""}
     * @param virtualHost the same for the virtual host
     * @param routes the route list, flow YAML
     * @param router the router's fields, the same
     * @param clusters the cluster list, flow YAML
     */
    RouterFixture(String hcm, String virtualHost, String routes, String router, String clusters) {
        try {
            log = Files.createTempFile("router", ".log");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String yaml =
                "{static_resources: {listeners: [{name: l, address: {socket_address: {address: 127.0.0.1, port_value: 0}},"
                        + " filter_chains: [{filters: [{name: hcm, typed_config: {'@type': type.googleapis.com/" + HCM
                        + ","
                        + " stat_prefix: ingress, " + hcm
                        + " route_config: {name: r, virtual_hosts: [{name: v, domains: ['*'], "
                        + virtualHost + " routes: " + routes + "}]},"
                        + " http_filters: [{name: envoy.filters.http.router, typed_config: {" + router
                        + " '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}],"
                        + " access_log: [{name: f, typed_config:"
                        + " {'@type': type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: '"
                        + log + "',"
                        + " log_format: {text_format_source: {inline_string:"
                        + " \"%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %UPSTREAM_REQUEST_ATTEMPT_COUNT%\\n\"}}}}]}}]}]}],"
                        + " clusters: " + clusters + "}}";
        Options.LogOptions logging =
                new Options.LogOptions("off", Map.of(), Options.LogOptions.DEFAULT_FORMAT, false, "");
        Options options = new Options(
                "",
                yaml,
                false,
                false,
                false,
                "",
                "",
                "",
                1,
                false,
                1,
                false,
                5,
                64,
                Map.of(),
                "",
                0,
                0,
                "v4",
                900,
                logging,
                false,
                SafetyOptions.DEFAULT);
        server = new Server(options, BootstrapLoader.load(options));
        server.start();
    }

    static RouterFixture routes(String routes, int upstreamPort) {
        return new RouterFixture("", "", routes, "", "[" + cluster("u1", "", upstreamPort) + "]");
    }

    static String cluster(String name, String fields, int... ports) {
        StringBuilder endpoints = new StringBuilder();
        for (int port : ports) {
            endpoints
                    .append(endpoints.length() == 0 ? "" : ", ")
                    .append("{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ")
                    .append(port)
                    .append("}}}}");
        }
        return "{name: " + name + ", type: STATIC, " + fields + " load_assignment: {cluster_name: " + name
                + ", endpoints: [{lb_endpoints: [" + endpoints + "]}]}}";
    }

    long stat(String name) {
        return server.stats().value(name);
    }

    void await(String name, long value) {
        long until = System.nanoTime() + 10_000_000_000L;
        while (stat(name) != value) {
            if (System.nanoTime() > until) {
                throw new AssertionError(name + " is " + stat(name) + ", not " + value);
            }
            Thread.onSpinWait();
        }
    }

    void awaitAtLeast(String name, long value) {
        long until = System.nanoTime() + 10_000_000_000L;
        while (stat(name) < value) {
            if (System.nanoTime() > until) {
                throw new AssertionError(name + " is " + stat(name) + ", less than " + value);
            }
            Thread.onSpinWait();
        }
    }

    /** The access log once it has {@code count} lines. */
    List<String> log(int count) {
        long until = System.nanoTime() + 10_000_000_000L;
        while (true) {
            try {
                List<String> lines = Files.readAllLines(log);
                if (lines.size() >= count || System.nanoTime() > until) {
                    return lines;
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            Thread.onSpinWait();
        }
    }

    Client client() {
        return new Client(server.listeners().get(0).port());
    }

    String get(String path, String... headers) {
        try (Client c = client()) {
            return c.get(path, headers);
        }
    }

    @Override
    public void close() {
        server.close();
        try {
            Files.delete(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A connection to the proxy, read and written byte by byte. */
    static final class Client implements AutoCloseable {
        final Socket socket;

        Client(int port) {
            try {
                socket = new Socket("127.0.0.1", port);
                socket.setSoTimeout(10_000);
                socket.setTcpNoDelay(true);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        Client send(String text) {
            try {
                socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
                socket.getOutputStream().flush();
                return this;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** A GET with the header lines given; the whole response, head and body. */
        String get(String path, String... headers) {
            StringBuilder head = new StringBuilder("GET " + path + " HTTP/1.1\r\nhost: test.local\r\n");
            for (String h : headers) {
                head.append(h).append("\r\n");
            }
            return send(head.append("\r\n").toString()).response();
        }

        /** Head and body by content-length or chunks (undecoded), or what came until the connection ended. */
        String response() {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try {
                InputStream in = socket.getInputStream();
                int b;
                int bodyAt = -1;
                long length = -1;
                while ((b = in.read()) >= 0) {
                    out.write(b);
                    String s = bodyAt < 0 && b == '\n' || length == -2 && b == '\n'
                            ? out.toString(StandardCharsets.ISO_8859_1)
                            : "";
                    if (bodyAt < 0 && s.endsWith("\r\n\r\n")) {
                        bodyAt = out.size();
                        int at = s.indexOf("content-length: ");
                        length = at < 0 ? -2 : Long.parseLong(s.substring(at + 16, s.indexOf('\r', at)));
                    } else if (length == -2 && s.endsWith("\r\n0\r\n\r\n")) {
                        break;
                    }
                    if (bodyAt >= 0 && length >= 0 && out.size() - bodyAt >= length) {
                        break;
                    }
                }
            } catch (IOException e) {
                out.writeBytes("<reset>".getBytes(StandardCharsets.ISO_8859_1));
            }
            return out.toString(StandardCharsets.ISO_8859_1);
        }

        @Override
        public void close() {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
