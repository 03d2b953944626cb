package dev.mishap.control.store.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.local.LocalStore;
import dev.mishap.control.store.local.LogStore;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupTest {
    @TempDir
    private Path directory;

    private static <T> T get(CompletionStage<T> stage) {
        return StoreException.await(stage, 20_000);
    }

    private static Map<String, Bytes> all(Store store) {
        Map<String, Bytes> all = new TreeMap<>();
        for (Entry entry : get(store.list("", null, 1000, 0)).entries()) {
            all.put(entry.key(), entry.value());
        }
        return all;
    }

    private static void fill(Store store) {
        Random random = new Random(1);
        for (int i = 0; i < 300; i++) {
            byte[] value = new byte[i == 7 ? 900_000 : random.nextInt(3000)];
            random.nextBytes(value);
            store.commit(Transaction.put("k\"\\/" + i, Bytes.of(value)));
        }
        long lease = get(store.grant(Duration.ofMinutes(1))).id();
        get(store.commit(
                Transaction.builder().put("leader/x", Bytes.EMPTY, lease).build()));
    }

    @Test
    void whatWasInOneStoreIsInAnother() throws Exception {
        Path file = directory.resolve("backup");
        try (Store from = LocalStore.inMemory();
                Store to = LogStore.open(directory.resolve("store"))) {
            fill(from);
            assertThat(Backup.write(from, file)).isEqualTo(300);
            assertThat(Backup.verify(file)).isEqualTo(300);
            assertThat(Backup.restore(file, to, false)).isEqualTo(300);
            Map<String, Bytes> expected = all(from);
            expected.remove("leader/x");
            assertThat(all(to)).isEqualTo(expected);

            get(to.commit(Transaction.put("other", Bytes.EMPTY)));
            get(to.commit(Transaction.put("k\"\\/1", Bytes.EMPTY)));
            assertThatThrownBy(() -> Backup.restore(file, to, false))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("not empty");
            Backup.restore(file, to, true);
            assertThat(all(to)).isEqualTo(expected);
        }
        try (var files = Files.list(directory)) {
            assertThat(files.map(f -> f.getFileName().toString())).containsExactlyInAnyOrder("backup", "store");
        }
    }

    @Test
    void aRestoreThatWasInterruptedIsDoneAgain() throws Exception {
        Path file = directory.resolve("backup");
        try (Store from = LocalStore.inMemory();
                Store to = LocalStore.inMemory()) {
            fill(from);
            Backup.write(from, file);
            get(to.commit(Transaction.put(Backup.UNFINISHED, Bytes.EMPTY)));
            get(to.commit(Transaction.put("half", Bytes.EMPTY)));
            Backup.restore(file, to, false);
            assertThat(all(to)).hasSize(300).doesNotContainKeys("half", Backup.UNFINISHED);
        }
    }

    /** The bits between the last block and gzip's own checksum mean nothing either; where they are depends on the time of the backup. */
    private static boolean saysTheSame(byte[] bytes, byte[] whole) throws IOException {
        try (InputStream one = new GZIPInputStream(new ByteArrayInputStream(bytes));
                InputStream other = new GZIPInputStream(new ByteArrayInputStream(whole))) {
            return Arrays.equals(one.readAllBytes(), other.readAllBytes());
        } catch (EOFException | ZipException e) {
            return false;
        }
    }

    @Test
    void aFileThatIsNotWholeChangesNothing() throws Exception {
        Path file = directory.resolve("backup");
        try (Store from = LocalStore.inMemory();
                Store to = LocalStore.inMemory()) {
            get(from.commit(Transaction.put("a", Bytes.utf8("1"))));
            get(from.commit(Transaction.put("b", Bytes.utf8("2"))));
            Backup.write(from, file);
            byte[] whole = Files.readAllBytes(file);
            Random random = new Random(3);
            for (int i = 0; i < 300; i++) {
                byte[] bytes =
                        random.nextBoolean() ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
                if (bytes.length == whole.length) {
                    // Not of gzip's header, which has fields that mean nothing.
                    bytes[10 + random.nextInt(whole.length - 10)] ^= (byte) (1 << random.nextInt(8));
                }
                if (saysTheSame(bytes, whole)) {
                    continue;
                }
                Files.write(file, bytes);
                assertThatThrownBy(() -> Backup.restore(file, to, true)).isInstanceOf(IOException.class);
            }
            assertThat(all(to)).isEmpty();
        }
    }
}
