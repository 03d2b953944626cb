package dev.mishap.control.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.store.StoreException;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that writes 500 times a second is killed (SIGKILL) at random moments; what it said was durable is there. */
class StoreKilledTest {
    private static final int KILLS = 6;

    @TempDir
    private Path directory;

    @Test
    void nothingAcknowledgedIsLost() throws Exception {
        Random random = new Random(1);
        long acknowledged = -1;
        for (int kill = 0; kill < KILLS; kill++) {
            // After the last one that may be there, acknowledged or not.
            long first = acknowledged < 0 ? 0 : (acknowledged / 3 + 2_000) * 3;
            long upTo = first + 50 + random.nextInt(700);
            Process writer = new ProcessBuilder(List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx128m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            KilledWriter.class.getName(),
                            directory.toString(),
                            Long.toString(first)))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            long last = -1;
            try (BufferedReader out =
                    new BufferedReader(new InputStreamReader(writer.getInputStream(), StandardCharsets.US_ASCII))) {
                boolean killed = false;
                // A line that the kill has cut lacks its end.
                for (String line = out.readLine(); line != null && line.endsWith(";"); line = out.readLine()) {
                    assertThat(line).matches("\\d+;");
                    last = Long.parseLong(line.substring(0, line.length() - 1));
                    if (!killed && last >= upTo) {
                        // Not by the Process, which would close the stream that is still to be read.
                        writer.toHandle().destroyForcibly();
                        killed = true;
                    }
                }
            } finally {
                writer.destroyForcibly();
            }
            assertThat(writer.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(last)
                    .as("the writer was killed by us, at write %d", upTo)
                    .isGreaterThanOrEqualTo(upTo);
            try (LocalStore store = LogStore.open(directory, 256 << 10)) {
                for (long n = first; n <= last; n++) {
                    boolean deleted = n % 3 == 1 && n < last;
                    var entry = StoreException.await(store.get("n/" + n), 20_000);
                    if (!deleted) {
                        // The one before the last deleted may be followed by a deletion that nobody was told of.
                        if (n % 3 == 1) {
                            continue;
                        }
                        assertThat(entry).as("n/%d of those up to %d", n, last).isPresent();
                        assertThat(entry.orElseThrow().value().utf8()).endsWith("v" + n);
                    } else {
                        assertThat(entry).as("n/%d, deleted", n).isEmpty();
                    }
                }
            }
            acknowledged = last;
        }
    }
}
