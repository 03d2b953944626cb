package dev.mishap.control.client;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ApiClientTest {
    private interface Call {
        void by(ApiClient client) throws ApiException;
    }

    /** Has a server answer with that, and go on with zeros or wait. */
    private static void against(String answer, boolean endless, Duration timeout, Call call) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread thread = new Thread(
                    () -> {
                        try (Socket client = server.accept()) {
                            client.getInputStream().read();
                            OutputStream out = client.getOutputStream();
                            out.write(answer.getBytes(StandardCharsets.US_ASCII));
                            byte[] more = new byte[1 << 20];
                            while (endless) {
                                out.write(more);
                            }
                            client.getInputStream().transferTo(OutputStream.nullOutputStream());
                        } catch (IOException e) {
                            // The client has had enough.
                        }
                    },
                    "server");
            thread.start();
            String url = "http://127.0.0.1:" + server.getLocalPort();
            call.by(new ApiClient(new Context("t", url, null, null, null, null, null, null), timeout));
        }
    }

    @Test
    void anAnswerThatStopsHalfWayIsNotWaitedFor() {
        assertThatThrownBy(() -> against(
                        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nx",
                        false,
                        Duration.ofSeconds(1),
                        client -> client.get("/v1/rules")))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("it did not answer within 1 s (--request-timeout)");
    }

    @Test
    void anAnswerWithoutEndIsNotKept() {
        assertThatThrownBy(() -> against(
                        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
                        true,
                        Duration.ofSeconds(50),
                        client -> client.get("/v1/rules")))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("the answer is larger than 16777216 bytes");
    }

    @Test
    void ofAnAnswerThatIsNoStreamTheBeginningIsRead() {
        assertThatThrownBy(() -> against(
                        "HTTP/1.1 500 No\r\ncontent-length: 99999999999\r\n\r\n",
                        true,
                        Duration.ofSeconds(50),
                        client -> client.events("/v1/watch", null, event -> true)))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("answers 500 and no problem document");
    }
}
