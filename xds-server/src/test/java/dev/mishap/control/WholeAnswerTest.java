package dev.mishap.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WholeAnswerTest {
    private interface Talk {
        void to(OutputStream out) throws IOException;
    }

    private static String answer(Talk talk, Duration timeout) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread thread = new Thread(
                    () -> {
                        try (Socket client = server.accept()) {
                            client.getInputStream().read();
                            talk.to(client.getOutputStream());
                            client.getInputStream().transferTo(OutputStream.nullOutputStream());
                        } catch (IOException e) {
                            // The client has had enough.
                        }
                    },
                    "server");
            thread.start();
            URI uri = URI.create("http://127.0.0.1:" + server.getLocalPort() + "/");
            HttpRequest request = HttpRequest.newBuilder(uri).timeout(timeout).build();
            return WholeAnswer.of(HttpClient.newHttpClient(), request, timeout).body();
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void bodiesAreText() throws Exception {
        String body = answer(
                out -> out.write("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nä1".getBytes(StandardCharsets.UTF_8)),
                Duration.ofSeconds(30));

        assertThat(body).isEqualTo("ä1");
    }

    @Test
    void aBodyThatStopsHalfWayIsNotWaitedFor() {
        assertThatThrownBy(() -> answer(
                        out -> out.write(ascii("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nx")),
                        Duration.ofMillis(300)))
                .isInstanceOf(HttpTimeoutException.class)
                .hasMessage("request timed out");
    }

    @Test
    void aBodyWithoutEndIsNotKept() {
        byte[] part = new byte[1 << 20];
        assertThatThrownBy(() -> answer(
                        out -> {
                            out.write(ascii("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"));
                            while (true) {
                                out.write(part);
                            }
                        },
                        Duration.ofSeconds(50)))
                .isInstanceOf(IOException.class)
                .hasMessage("the answer is larger than 16777216 bytes");
    }
}
