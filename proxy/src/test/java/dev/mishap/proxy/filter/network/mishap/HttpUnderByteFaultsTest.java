package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A response that ends its connection is all there, whatever holds its bytes back. */
@Timeout(60)
class HttpUnderByteFaultsTest {
    private static final String UPSTREAM = " when endpoint address = 127.0.0.0/8";

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "latency 80ms downstream",
                "bandwidth 500KiB/s downstream",
                "slice 5000 bytes every 1ms downstream",
                "slow-close 50ms",
                "latency 80ms downstream" + UPSTREAM,
                "bandwidth 500KiB/s downstream" + UPSTREAM,
                "slice 5000 bytes every 1ms downstream" + UPSTREAM,
                "slow-close 50ms" + UPSTREAM
            })
    void aResponseThatEndsItsConnectionArrives(String line) throws IOException {
        for (String version : new String[] {"1.0", "1.1"}) {
            try (FaultRig rig = new FaultRig(directory, "")) {
                rig.rules(line);
                try (Socket client = rig.client(1)) {
                    FaultRig.send(client, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
                    try (Socket service = rig.accept()) {
                        FaultRig.read(service, 20);
                        FaultRig.send(
                                service,
                                "HTTP/" + version + " 200 OK\r\nconnection: close\r\n\r\n" + "x".repeat(99_999));
                    }
                    String all = new String(client.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
                    assertThat(all.chars().filter(c -> c == 'x').count()).isGreaterThanOrEqualTo(99_999);
                    assertThat(all).startsWith("HTTP/1.1 200 OK");
                }
                FaultRig.await(() -> rig.stat("mishap.active_connection_faults") == 0);
            }
        }
    }
}
