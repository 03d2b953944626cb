package dev.mishap.proxy.filter.http.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import dev.mishap.proxy.server.TestOptions;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A WebSocket client that is not ours, through the proxy, to a server that sends back what it gets (RFC 6455). */
@Timeout(30)
class WebSocketTest {
    private ServerSocket upstream;
    private Server server;

    @BeforeEach
    void start() throws Exception {
        upstream = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        Thread accept = new Thread(this::accept, "echo");
        accept.setDaemon(true);
        accept.start();
        String yaml = """
                static_resources:
                  listeners:
                  - address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                    filter_chains:
                    - filters:
                      - name: hcm
                        typed_config:
                          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                          stat_prefix: ingress
                          upgrade_configs: [{upgrade_type: websocket}]
                          route_config:
                            virtual_hosts:
                            - name: v
                              domains: ['*']
                              routes:
                              - match: {prefix: /off}
                                route: {cluster: u1, upgrade_configs: [{upgrade_type: websocket, enabled: false}]}
                              - match: {prefix: /}
                                route: {cluster: u1}
                          http_filters:
                          - name: envoy.filters.http.router
                            typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
                  clusters:
                  - name: u1
                    load_assignment:
                      cluster_name: u1
                      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
                """.formatted(upstream.getLocalPort());
        Options options = TestOptions.brief(yaml, 2, "info");
        server = new Server(options, BootstrapLoader.load(options));
        server.start();
    }

    @AfterEach
    void close() throws Exception {
        server.close();
        upstream.close();
    }

    private URI uri(String path) {
        return URI.create("ws://127.0.0.1:" + server.listeners().get(0).port() + path);
    }

    @Test
    void messagesOfAllSizesComeBackAndTheCloseDoes() throws Exception {
        Echoes echoes = new Echoes();
        WebSocket socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(uri("/chat"), echoes)
                .get(10, TimeUnit.SECONDS);
        Random random = new Random(7);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        for (int size : new int[] {0, 1, 125, 126, 65_535, 65_536, 1 << 20}) {
            byte[] message = new byte[size];
            random.nextBytes(message);
            sent.write(message);
            socket.sendBinary(ByteBuffer.wrap(message), true).get(10, TimeUnit.SECONDS);
        }
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "bye").get(10, TimeUnit.SECONDS);
        assertThat(echoes.closed.get(10, TimeUnit.SECONDS)).isEqualTo(WebSocket.NORMAL_CLOSURE);
        assertThat(echoes.got.toByteArray()).isEqualTo(sent.toByteArray());
    }

    @Test
    void aRouteThatForbidsItAnswers403() {
        assertThatThrownBy(() -> HttpClient.newHttpClient()
                        .newWebSocketBuilder()
                        .buildAsync(uri("/off"), new Echoes())
                        .get(10, TimeUnit.SECONDS))
                .hasMessageContaining("WebSocketHandshakeException");
    }

    private static final class Echoes implements WebSocket.Listener {
        final ByteArrayOutputStream got = new ByteArrayOutputStream();
        final CompletableFuture<Integer> closed = new CompletableFuture<>();

        @Override
        public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            byte[] bytes = new byte[data.remaining()];
            data.get(bytes);
            got.write(bytes, 0, bytes.length);
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
            closed.complete(status);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            closed.completeExceptionally(error);
        }
    }

    // ---- the server ----

    private void accept() {
        try {
            while (true) {
                Socket s = upstream.accept();
                Thread t = new Thread(() -> serve(s), "echo-connection");
                t.setDaemon(true);
                t.start();
            }
        } catch (IOException e) {
            return; // closed
        }
    }

    private static void serve(Socket socket) {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            String key = "";
            for (String line = line(in); !line.isEmpty(); line = line(in)) {
                if (line.toLowerCase(java.util.Locale.ROOT).startsWith("sec-websocket-key:")) {
                    key = line.substring(line.indexOf(':') + 1).strip();
                }
            }
            byte[] digest = MessageDigest.getInstance("SHA-1")
                    .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII));
            out.write(
                    ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                                    + Base64.getEncoder().encodeToString(digest) + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            while (echo(in, out)) {}
        } catch (Exception e) {
            return; // the client is gone
        }
    }

    /** Sends one frame back without its mask; false after a close. */
    private static boolean echo(DataInputStream in, OutputStream out) throws IOException {
        int first = in.readUnsignedByte();
        int second = in.readUnsignedByte();
        long length = second & 0x7f;
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(first);
        frame.write((int) length);
        if (length == 126) {
            int n = in.readUnsignedShort();
            frame.write(n >>> 8);
            frame.write(n & 0xff);
            length = n;
        } else if (length == 127) {
            long n = in.readLong();
            frame.write(ByteBuffer.allocate(8).putLong(n).array());
            length = n;
        }
        byte[] mask = in.readNBytes(4);
        byte[] data = in.readNBytes((int) length);
        for (int i = 0; i < data.length; i++) {
            data[i] ^= mask[i & 3];
        }
        frame.write(data);
        out.write(frame.toByteArray());
        return (first & 0xf) != 8;
    }

    private static String line(DataInputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        int b;
        while ((b = in.readUnsignedByte()) != '\n') {
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }
}
