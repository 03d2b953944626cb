package dev.mishap.control.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.http.HttpOptions;
import dev.mishap.control.security.Role;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client may send that means no good; the server answers or closes, and serves others on. */
class HostileRequestsTest {
    private static final String RULES = "/api/v1/namespaces/default/rules";

    private final ApiFixture api = new ApiFixture(
            Role.ADMIN, null, HttpOptions.at("127.0.0.1", 0).withTimes(Duration.ofSeconds(5), Duration.ofSeconds(1)));

    @AfterEach
    void close() {
        assertThat(api.get("/healthz").status()).as("the server serves on").isEqualTo(200);
        api.close();
    }

    /** Sends bytes and reads to the end of the connection. */
    private String raw(byte[] bytes) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(api.server.address());
            socket.setSoTimeout(30_000);
            try {
                socket.getOutputStream().write(bytes);
            } catch (SocketException e) {
                // It has closed already; what it said is read below.
            }
            return readAll(socket.getInputStream());
        }
    }

    private static String readAll(InputStream in) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        try {
            int n;
            while ((n = in.read(buffer)) > 0) {
                all.write(buffer, 0, n);
            }
        } catch (IOException e) {
            // A reset is an end, too.
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }

    private String raw(String text) throws IOException {
        return raw(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET /healthz HTTP/1.1\\r\\nHost: a\\r\\nHost: b\\r\\nConnection: close\\r\\n\\r\\n|400",
                "GET /healthz HTTP/1.1\\r\\n\\r\\n|400",
                "GET /api/v1/%2e%2e/rules HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n|400",
                "GET /api/v1/namespaces/a%2Fb/rules HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n|400",
                "GET /docs/%00 HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n|400",
                "POST /api/v1/rules:stop HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n|400",
                "POST /api/v1/rules:stop HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 2\\r\\nContent-Length: 3\\r\\n\\r\\n{}|400",
                "GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nA : b\\r\\nConnection: close\\r\\n\\r\\n|400",
                "nonsense\\r\\n\\r\\n|400",
                "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n|4",
            })
    void whatCanBeReadInTwoWaysIsRefused(String request, String status) throws IOException {
        String answer = raw(request.replace("\\r\\n", "\r\n"));
        assertThat(answer).startsWith("HTTP/1.1 " + status).doesNotContain("Exception", "at org.");
        assertThat(answer).contains("application/problem+json");
    }

    @Test
    void aHeadThatIsTooLargeIsRefused() throws IOException {
        assertThat(raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(20_000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431");
        assertThat(raw("GET /" + "x".repeat(20_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .startsWith("HTTP/1.1 4");
    }

    @Test
    void aBodyThatIsTooLargeIsRefusedBeforeItIsRead() throws IOException {
        String head = "POST " + RULES + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        assertThat(raw(head + "Content-Length: 2000000000\r\n\r\n")).startsWith("HTTP/1.1 413");
        StringBuilder chunks = new StringBuilder(head).append("Transfer-Encoding: chunked\r\n\r\n");
        String chunk = "10000\r\n" + "x".repeat(0x10000) + "\r\n";
        for (int i = 0; i < 40; i++) {
            chunks.append(chunk);
        }
        assertThat(raw(chunks.toString())).startsWith("HTTP/1.1 413");
    }

    @Test
    void aBodyThatDoesNotComeIsNotWaitedFor() throws IOException {
        String answer = raw("POST " + RULES
                + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
        assertThat(answer).startsWith("HTTP/1.1 408").contains("has not arrived within");
    }

    @Test
    void aHeadThatDripsIsNotWaitedFor() throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(api.server.address());
            OutputStream out = socket.getOutputStream();
            InputStream in = socket.getInputStream();
            socket.setSoTimeout(200);
            boolean closed = false;
            out.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ".getBytes(StandardCharsets.US_ASCII));
            // A byte now and then, for far longer than the limit of 1 s; each read waits for up to 200 ms.
            for (int i = 0; i < 200 && !closed; i++) {
                try {
                    out.write('x');
                    closed = in.read() < 0;
                } catch (java.net.SocketTimeoutException e) {
                    // Still open.
                } catch (IOException e) {
                    closed = true;
                }
            }
            assertThat(closed).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a: &a [*a]",
                "!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL [\"http://127.0.0.1:1/\"]]]]",
                "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]",
                "? {a: b}\n: c",
                "---\n---\n",
                "\t",
                "%YAML 9.9\n---\na",
                "kind: FaultRule",
                "apiVersion: mishap.dev/v1\nkind: FaultRule\nmetadata: []\nspec: 1",
                "apiVersion: mishap.dev/v1\nkind: FaultRule\nmetadata: {name: a, resourceVersion: x}\nspec: {fault: {reset: {}}}",
            })
    void bodiesOfYamlAreHeldToTheLanguage(String body) {
        ApiFixture.Reply reply = api.call("POST", RULES, body, "content-type", "application/yaml");
        assertThat(reply.status()).as(reply.text()).isEqualTo(400);
        assertThat(reply.detail()).doesNotContain("Exception", "java.");
    }

    @Test
    void deepJsonIsRefused() {
        String deep = "{\"a\":".repeat(5000) + "1" + "}".repeat(5000);
        assertThat(api.call("POST", RULES, deep).status()).isEqualTo(400);
        api.call("PUT", RULES + "/a", ApiFixture.RULE.formatted("a"));
        assertThat(api.call("PATCH", RULES + "/a", deep, "content-type", "application/merge-patch+json")
                        .status())
                .isEqualTo(400);
    }

    @Test
    void noiseIsAnsweredOrClosed() throws IOException {
        Random random = new Random(4711);
        for (int i = 0; i < 60; i++) {
            byte[] noise = new byte[1 + random.nextInt(2000)];
            random.nextBytes(noise);
            byte[] head = i % 2 == 0
                    ? new byte[0]
                    : ("POST " + RULES
                                    + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/yaml\r\nConnection: close\r\n"
                                    + "Content-Length: " + noise.length + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII);
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.write(head);
            all.write(noise);
            if (i % 2 == 0) {
                all.write("\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            }
            assertThat(raw(all.toByteArray())).as("round " + i).doesNotContain("HTTP/1.1 5", "HTTP/1.1 2");
        }
    }

    @Test
    void webPagesCannotUseTheCallerWhoNeedsNoToken() {
        assertThat(api.get(RULES, "origin", "https://evil.example").status()).isEqualTo(401);
        assertThat(api.get(RULES, "x-forwarded-for", "10.0.0.1").status()).isEqualTo(401);
        // A name of theirs that points here.
        assertThat(rawStatus("evil.example")).isEqualTo("401");
        assertThat(rawStatus("127.0.0.1.evil.example")).isEqualTo("401");
        assertThat(rawStatus("localhost:1234")).isEqualTo("200");
    }

    private String rawStatus(String host) {
        try {
            return raw("GET " + RULES + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                    .substring(9, 12);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Socket from(String address, ApiFixture to) throws IOException {
        Socket socket = new Socket();
        socket.bind(new java.net.InetSocketAddress(address, 0));
        socket.connect(to.server.address());
        socket.setSoTimeout(30_000);
        return socket;
    }

    /** The first line of the answer; empty when the connection is closed without one. */
    private static String ask(Socket socket, String path) throws IOException {
        try {
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            StringBuilder line = new StringBuilder();
            int c;
            while ((c = socket.getInputStream().read()) > 0 && c != '\r') {
                line.append((char) c);
            }
            return line.toString();
        } catch (SocketException e) {
            return "";
        }
    }

    private static void awaitBookmark(Socket socket) throws IOException {
        StringBuilder seen = new StringBuilder();
        while (seen.indexOf("BOOKMARK") < 0) {
            int c = socket.getInputStream().read();
            assertThat(c).as("what ends the watch after %s", seen).isNotNegative();
            seen.append((char) c);
        }
    }

    @Test
    void oneAddressDoesNotHaveAllConnections() throws IOException {
        List<Socket> sockets = new ArrayList<>();
        try (ApiFixture small =
                new ApiFixture(Role.ADMIN, null, HttpOptions.at("127.0.0.1", 0).withConnections(8))) {
            for (int i = 0; i < 6; i++) {
                sockets.add(from("127.0.0.1", small));
                assertThat(ask(sockets.get(i), "/healthz")).isEqualTo("HTTP/1.1 200 OK");
            }
            sockets.add(from("127.0.0.1", small));
            assertThat(ask(sockets.get(6), "/healthz")).isEmpty();
            sockets.add(from("127.0.0.2", small));
            assertThat(ask(sockets.get(7), "/healthz")).isEqualTo("HTTP/1.1 200 OK");
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void oneCallerDoesNotHaveAllWatches() throws IOException {
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < WatchHub.MAX_OF_ONE; i++) {
                sockets.add(from("127.0.0.1", api));
                assertThat(ask(sockets.get(i), RULES + "?watch=true")).isEqualTo("HTTP/1.1 200 OK");
                awaitBookmark(sockets.get(i)); // it is answered before it counts
            }
            sockets.add(from("127.0.0.1", api));
            assertThat(ask(sockets.get(sockets.size() - 1), RULES + "?watch=true"))
                    .isEqualTo("HTTP/1.1 429 Too Many Requests");
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }
}
