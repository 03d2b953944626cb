package dev.mishap.proxy.observe.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class LogFilesTest {
    @TempDir
    Path dir;

    private final StatsStore stats = new StatsStore();

    private static void line(LogFile file, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        file.write(bytes, bytes.length);
    }

    @Test
    void whatWaitsIsWrittenAtTheEnd() throws IOException {
        Path path = dir.resolve("a.log");
        try (LogFiles files = new LogFiles(3_600_000, 64, stats)) {
            LogFile file = files.open(path.toString());
            assertThat(files.open(path.toString())).isSameAs(file);
            line(file, "one\n");
            line(file, "two\n");
        }
        assertThat(path).hasContent("one\ntwo\n");
        assertThat(stats.value("filesystem.write_buffered")).isEqualTo(2);
        assertThat(stats.value("filesystem.write_completed")).isEqualTo(1);
        assertThat(stats.value("filesystem.write_total_buffered")).isZero();
    }

    @Test
    void largeBufferIsWrittenBeforeItsTime() throws IOException {
        Path path = dir.resolve("b.log");
        try (LogFiles files = new LogFiles(3_600_000, 1, stats)) {
            line(files.open(path.toString()), "x".repeat(1025));
            while (Files.size(path) < 1025) {
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    @Test
    void reopenFollowsARename() throws IOException {
        Path path = dir.resolve("c.log");
        try (LogFiles files = new LogFiles(3_600_000, 64, stats)) {
            LogFile file = files.open(path.toString());
            line(file, "old\n");
            file.flush();
            Files.move(path, dir.resolve("c.log.1"));
            files.reopen();
            while (!Files.exists(path)) {
                LockSupport.parkNanos(1_000_000);
            }
            line(file, "new\n");
        }
        assertThat(dir.resolve("c.log.1")).hasContent("old\n");
        assertThat(path).hasContent("new\n");
    }

    @Test
    void failedWriteIsCountedAndTheBufferStaysBounded() {
        try (LogFiles files = new LogFiles(3_600_000, 1 << 20, stats)) {
            LogFile file = files.open("/dev/full");
            line(file, "x");
            file.flush();
            assertThat(stats.value("filesystem.write_failed")).isEqualTo(1);
            byte[] big = new byte[1 << 20];
            for (int i = 0; i < 100; i++) {
                file.write(big, big.length);
            }
            // One buffer may be with the flusher while the next one fills.
            assertThat(stats.value("filesystem.write_total_buffered")).isLessThanOrEqualTo(2L * LogFile.MAX_WAITING);
            assertThat(stats.value("filesystem.write_failed")).isGreaterThan(1);
        }
    }

    @Test
    void unwritablePathIsAConfigurationError() {
        try (LogFiles files = new LogFiles(1000, 64, stats)) {
            assertThatThrownBy(() -> files.open(dir.resolve("no/such/dir").toString()))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("unable to open file");
        }
    }
}
