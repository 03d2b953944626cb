package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
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

    private static Server start(String configuration) {
        Options options = Options.of(configuration, 1, "off");
        Server server = new Server(options, BootstrapLoader.load(options));
        server.start();
        return server;
    }

    @Test
    void connectionsThatAreNotOfHttpDoNotHoldTheProcess() throws IOException {
        Server server = start(CONFIGURATION);
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
        } finally {
            server.close();
        }
    }

    @Test
    void sinksOfStatsGetTheRest() throws IOException {
        try (DatagramSocket statsd = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            statsd.setSoTimeout(10_000);
            Server server = start(CONFIGURATION
                    + "stats_flush_interval: 299s\n"
                    + "stats_sinks:\n"
                    + "- name: dog\n"
                    + "  typed_config:\n"
                    + "    '@type': type.googleapis.com/envoy.config.metrics.v3.DogStatsdSink\n"
                    + "    address: {socket_address: {protocol: UDP, address: 127.0.0.1, port_value: "
                    + statsd.getLocalPort() + "}}\n"
                    + "    max_bytes_per_datagram: 60000\n");
            server.shutdown();
            server.awaitEnd();
            server.close();

            DatagramPacket packet = new DatagramPacket(new byte[65_000], 65_000);
            statsd.receive(packet);
            assertThat(new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8))
                    .contains("|g", "envoy.server.");
        }
    }
}
