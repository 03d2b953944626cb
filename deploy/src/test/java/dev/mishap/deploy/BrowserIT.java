package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A browser opens a page through a proxy, and the page a WebSocket. */
@Timeout(120)
class BrowserIT {
    private static final String CONFIGURATION = """
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: ${admin}}}}
            static_resources:
              listeners:
              - address: {socket_address: {address: 127.0.0.1, port_value: ${listener}}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: web
                      upgrade_configs: [{upgrade_type: websocket}]
                      route_config:
                        virtual_hosts:
                        - name: v
                          domains: ["*"]
                          routes: [{match: {prefix: /}, route: {cluster: up}}]
                      http_filters:
                      - name: envoy.filters.http.router
                        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
              clusters:
              - name: up
                load_assignment:
                  cluster_name: up
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${upstream}}}}}]}]
            """;

    /** The picture comes once the script has told its result, so that the page is not complete before. */
    private static final String PAGE = """
            <html><body><p id="r">nothing</p><script>
            const ws = new WebSocket("ws://" + location.host + "/ws");
            const set = t => { document.getElementById("r").textContent = t; };
            ws.onopen = () => ws.send("hello");
            ws.onmessage = m => { set("echo=" + m.data); ws.send("done"); };
            ws.onerror = () => set("error");
            </script><img src="/wait"></body></html>
            """;

    @TempDir
    Path directory;

    private final CountDownLatch told = new CountDownLatch(1);

    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void aPageOpensAWebSocket(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        Tools.need("chromium", "--version");
        int listener = ProxyProcess.freePort();
        try (ServerSocket upstream = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
            daemon(() -> {
                while (true) {
                    Socket socket = upstream.accept();
                    daemon(() -> serve(socket));
                }
            });
            String configuration = CONFIGURATION
                    .replace("${listener}", Integer.toString(listener))
                    .replace("${upstream}", Integer.toString(upstream.getLocalPort()));
            try (ProxyProcess proxy = new ProxyProcess(kind, directory, configuration)) {
                Tools.Result result = Tools.run(
                        directory,
                        60,
                        List.of(
                                "chromium",
                                "--headless",
                                "--no-sandbox",
                                "--disable-gpu",
                                "--disable-quic",
                                "--no-first-run",
                                "--disable-background-networking",
                                "--disable-component-update",
                                "--disable-sync",
                                "--user-data-dir=" + directory.resolve("profile"),
                                "--dump-dom",
                                "http://127.0.0.1:" + listener + "/"));
                assertThat(result.out()).as(result.err()).contains("<p id=\"r\">echo=hello</p>");
                assertThat(proxy.stat("http.web.downstream_cx_upgrades_total")).isEqualTo(1);
                assertThat(proxy.leaks()).isEmpty();
            }
        }
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException, GeneralSecurityException, InterruptedException;
    }

    private static void daemon(Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException | GeneralSecurityException | InterruptedException over) {
                        // The test is over, or fails by what the browser shows.
                    }
                },
                "upstream");
        thread.setDaemon(true);
        thread.start();
    }

    private void serve(Socket socket) throws IOException, GeneralSecurityException, InterruptedException {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            while (true) {
                String path = "";
                String key = "";
                for (String line = line(in); !line.isEmpty(); line = line(in)) {
                    path = path.isEmpty() ? line.split(" ")[1] : path;
                    if (line.toLowerCase(Locale.ROOT).startsWith("sec-websocket-key:")) {
                        key = line.substring(line.indexOf(':') + 1).trim();
                    }
                }
                OutputStream out = socket.getOutputStream();
                if (path.equals("/ws")) {
                    echo(key, in, out);
                    return;
                }
                if (path.equals("/wait")) {
                    told.await();
                }
                byte[] body = (path.equals("/") ? PAGE : "").getBytes(StandardCharsets.UTF_8);
                out.write(("HTTP/1.1 " + (body.length > 0 ? 200 : 404)
                                + " X\r\ncontent-type: text/html\r\ncontent-length: " + body.length + "\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
                out.write(body);
            }
        }
    }

    private static String line(DataInputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (byte b = in.readByte(); b != '\n'; b = in.readByte()) {
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }

    /** Sends short text messages back (RFC 6455). */
    private void echo(String key, DataInputStream in, OutputStream out) throws IOException, GeneralSecurityException {
        byte[] accept = MessageDigest.getInstance("SHA-1")
                .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.ISO_8859_1));
        out.write(
                ("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: "
                                + Base64.getEncoder().encodeToString(accept) + "\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
        while (true) {
            int opcode = in.readByte() & 0xf;
            byte[] mask = new byte[4];
            byte[] text = new byte[in.readByte() & 0x7f];
            in.readFully(mask);
            in.readFully(text);
            for (int i = 0; i < text.length; i++) {
                text[i] ^= mask[i & 3];
            }
            if (opcode != 1) {
                return;
            }
            if (new String(text, StandardCharsets.UTF_8).equals("done")) {
                told.countDown();
                continue;
            }
            out.write(0x81);
            out.write(text.length);
            out.write(text);
        }
    }
}
