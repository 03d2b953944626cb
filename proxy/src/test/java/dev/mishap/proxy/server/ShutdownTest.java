package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of a process, on real sockets. */
@Timeout(60)
class ShutdownTest {
    private static final String CONFIGURATION = """
            static_resources:
              listeners:
              - name: tcp
                address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                filter_chains:
                - filters:
                  - name: echo
                    typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo}
            """;

    private Server server;

    @BeforeEach
    void start() {
        server = new Server(
                Options.of(CONFIGURATION, 1, "off"), BootstrapLoader.load(Options.of(CONFIGURATION, 1, "off")));
        server.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void connectionsThatAreNotOfHttpDoNotHoldTheProcess() throws IOException {
        int port = server.listeners().get(0).port();
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
            client.getOutputStream().write('x');
            assertThat(client.getInputStream().read()).isEqualTo('x');

            server.shutdown();

            assertThat(client.getInputStream().read())
                    .as("the connection's end")
                    .isEqualTo(-1);
            assertThat(server.awaitEnd(Shutdown.MAX_DRAIN_SECONDS / 2, TimeUnit.SECONDS))
                    .isTrue();
        }
    }
}
