package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.text.RuleLine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A TCP proxy before a server that echoes, on real sockets. */
final class EchoRig implements AutoCloseable {
    static final String CONFIGURATION = """
            static_resources:
              listeners:
              - name: in
                address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.tcp_proxy
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: u}
              clusters:
              - name: u
                load_assignment:
                  cluster_name: u
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
            """;

    /** A filter that looks at the first bytes before the rules are asked. */
    static final String WITH_LISTENER_FILTER =
            CONFIGURATION.replace("    filter_chains:", """
                listener_filters:
                - name: envoy.filters.listener.http_inspector
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector}
                filter_chains:""".indent(4).stripTrailing());

    final AtomicInteger accepted = new AtomicInteger();
    final AtomicInteger open = new AtomicInteger();
    final AtomicLong received = new AtomicLong();
    final Server server;
    private final ServerSocket upstream = new ServerSocket();

    EchoRig() throws IOException {
        this(CONFIGURATION);
    }

    EchoRig(String configuration) throws IOException {
        upstream.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        Thread acceptor = new Thread(this::accept);
        acceptor.setDaemon(true);
        acceptor.start();
        Options options = Options.of(configuration.formatted(upstream.getLocalPort()), 2, "off");
        server = new Server(options, BootstrapLoader.load(options));
        server.start();
    }

    @Override
    public void close() throws IOException {
        server.rules().replaceOwn(List.of());
        server.shutdown();
        server.close();
        upstream.close();
    }

    private void accept() {
        while (true) {
            try {
                Socket socket = upstream.accept();
                accepted.incrementAndGet();
                Thread thread = new Thread(() -> echo(socket));
                thread.setDaemon(true);
                thread.start();
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void echo(Socket socket) {
        open.incrementAndGet();
        try (socket) {
            socket.setTcpNoDelay(true);
            byte[] buffer = new byte[65536];
            int n;
            while ((n = socket.getInputStream().read(buffer)) > 0) {
                received.addAndGet(n);
                socket.getOutputStream().write(buffer, 0, n);
            }
        } catch (IOException gone) {
            // The proxy broke the connection.
        } finally {
            open.decrementAndGet();
        }
    }

    /** Puts rules in place of those there are, called r0, r1 and so on. */
    void rules(String... lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "r" + i));
        }
        server.rules().replaceOwn(rules);
    }

    Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        socket.connect(server.listeners().get(0).address());
        return socket;
    }

    long stat(String name) {
        return server.stats().counter(name).value();
    }
}
