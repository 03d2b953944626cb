package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A connection whose byte faults have ended is as one that never had any: bulk goes through pipes in the kernel. */
@Timeout(60)
class SpliceAfterFaultsTest {
    private static final int BULK = 4 << 20;

    @ParameterizedTest
    @ValueSource(strings = {"slice 30000 bytes", "close after 100000000 bytes", "close after 100000000 bytes upstream"})
    void bulkIsSplicedOnceFaultsHaveEnded(String rule, @TempDir Path directory) throws Exception {
        assumeTrue(Epoll.isAvailable(), "epoll");
        try (FaultRig rig = new FaultRig(directory, "")) {
            rig.rules(rule);
            try (Socket client = rig.client();
                    Socket service = rig.accept()) {
                long before = pipes();
                passes(client, service);
                passes(service, client);
                assertThat(pipes()).isEqualTo(before);
                rig.rules();
                FaultRig.await(() -> rig.stat("mishap.active_connection_faults") == 0);
                FaultRig.await(() -> {
                    passes(client, service);
                    passes(service, client);
                    return pipes() >= before + 4; // both ends of one for each direction
                });
                rig.rules("latency 1ms");
                passes(client, service);
                rig.rules();
                passes(service, client);
            }
        }
    }

    private static void passes(Socket from, Socket to) {
        byte[] sent = new byte[BULK];
        for (int i = 0; i < BULK; i++) {
            sent[i] = (byte) (i * 31 >> 3);
        }
        Thread sender = new Thread(() -> {
            try {
                from.getOutputStream().write(sent);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        sender.start();
        try {
            assertThat(to.getInputStream().readNBytes(BULK)).isEqualTo(sent);
            sender.join();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The ends of pipes that this process has. */
    private static long pipes() {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(SpliceAfterFaultsTest::isPipe).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isPipe(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("pipe:");
        } catch (IOException closed) {
            return false;
        }
    }
}
