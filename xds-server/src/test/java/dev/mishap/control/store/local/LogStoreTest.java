package dev.mishap.control.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Lease;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreContract;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.Watch;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogStoreTest extends StoreContract {
    @TempDir
    private Path directory;

    private LocalStore store;

    @BeforeEach
    void open() throws IOException {
        store = LogStore.open(directory, 64 << 10);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Override
    protected Store store() {
        return store;
    }

    @Override
    protected Duration shortLease() {
        return Duration.ofMillis(300);
    }

    private void reopen() throws IOException {
        store.close();
        open();
    }

    private void put(String key, String value) {
        get(store.commit(Transaction.put(key, Bytes.utf8(value))));
    }

    private Path log() throws IOException {
        return new StoreFiles(directory).logs().lastEntry().getValue();
    }

    @Test
    void allIsThereAfterwards() throws Exception {
        Lease lease = get(store.grant(Duration.ofMinutes(5)));
        put("a", "1");
        long deleted = get(store.commit(Transaction.delete("a")));
        long revision = get(store.commit(Transaction.builder()
                .put("b", Bytes.of(new byte[] {0, -1, 127}), lease.id())
                .put("c", Bytes.EMPTY)
                .build()));
        reopen();
        assertThat(get(store.revision())).isEqualTo(revision);
        assertThat(get(store.get("a"))).isEmpty();
        assertThat(get(store.get("b")))
                .contains(new Entry("b", Bytes.of(new byte[] {0, -1, 127}), revision, revision, 1, lease.id()));
        assertThat(get(store.keepAlive(lease.id()))).isEqualTo(Duration.ofMinutes(5));
        Told told = new Told();
        try (Watch watch = store.watch("", deleted, told)) {
            assertThat(watch).isNotNull();
            assertThat(told.events()).hasSize(1);
            assertThat(told.events()).hasSize(2);
        }
        get(store.revoke(lease.id()));
        reopen();
        assertThat(get(store.get("b"))).isEmpty();
        assertThat(get(store.get("c"))).isPresent();
    }

    @Test
    void logsAreBegunAnewAndOldOnesGo() throws Exception {
        for (int i = 0; i < 40; i++) {
            put("k" + i % 10, "x".repeat(20_000) + i);
        }
        reopen();
        assertThat(get(store.list("", null, 100, 0)).entries()).hasSize(10);
        assertThat(get(store.get("k9")).orElseThrow().value().utf8()).endsWith("39");
        assertThat(get(store.get("k9")).orElseThrow().version()).isEqualTo(4);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(f -> f.getFileName().toString()).filter(n -> n.startsWith("snapshot-")))
                    .hasSizeBetween(1, 2);
        }
        StoreFiles files = new StoreFiles(directory);
        assertThat(files.logs().firstKey()).isGreaterThan(0);
        // The newest snapshot is unreadable: refused, and after the repair the generation before takes its place.
        Path snapshot = files.snapshots().lastEntry().getValue();
        store.close();
        flip(snapshot, Files.size(snapshot) / 2);
        assertThatThrownBy(this::open)
                .isInstanceOf(DamagedStoreException.class)
                .hasMessageContaining(snapshot.toString());
        assertThat(LogStore.repair(directory)).singleElement().asString().contains("set aside");
        open();
        assertThat(get(store.get("k9")).orElseThrow().value().utf8()).endsWith("39");
    }

    private static void flip(Path file, long at) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(at);
            int old = bytes.read();
            bytes.seek(at);
            bytes.write(old ^ 0x10);
        }
    }

    @Test
    void oneProcessHasIt() {
        assertThatThrownBy(() -> LogStore.open(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(
                        "in use by process " + ProcessHandle.current().pid());
    }

    @Test
    void aWriteThatWasNeverFinishedIsCutOff() throws Exception {
        put("a", "1");
        put("b", "2");
        store.close();
        LogReader.Content content = LogReader.read(log(), true);
        byte[] whole = Files.readAllBytes(log());
        ByteWriter last = new ByteWriter();
        ChangeCodec.write(last, content.changes().get(1));
        int end = (int) content.end();
        int start = end - last.length() - Frames.OVERHEAD;
        // The last byte of the frame is a zero.
        for (int cut = start; cut < end - 1; cut += 2) {
            for (boolean zeros : new boolean[] {false, true}) {
                byte[] torn = java.util.Arrays.copyOf(java.util.Arrays.copyOf(whole, cut), zeros ? whole.length : cut);
                Files.write(log(), torn);
                open();
                assertThat(get(store.get("a"))).isPresent();
                assertThat(get(store.get("b"))).isEmpty();
                put("c", "3");
                reopen();
                assertThat(get(store.get("c"))).isPresent();
                store.close();
            }
        }
        open();
    }

    @Test
    void damageInTheMiddleIsRefusedAndCanBeGivenUp() throws Exception {
        put("a", "1");
        long middle = LogReader.read(log(), true).end();
        put("b", "2");
        put("c", "3");
        store.close();
        flip(log(), middle + 14);
        assertThatThrownBy(this::open)
                .isInstanceOfSatisfying(DamagedStoreException.class, e -> {
                    assertThat(e.file()).hasParent(directory);
                    assertThat(e.offset()).isEqualTo(middle);
                })
                .hasMessageContaining("damaged at byte " + middle)
                .hasMessageContaining("a valid write follows at byte");
        assertThat(LogStore.repair(directory)).containsExactly(log() + " is cut at byte " + middle);
        assertThat(log().resolveSibling(log().getFileName() + ".damaged")).exists();
        open();
        assertThat(get(store.get("a"))).isPresent();
        assertThat(get(store.get("b"))).isEmpty();
        store.close();
        assertThat(LogStore.repair(directory)).isEmpty();
        open();
    }

    @Test
    void aLogThatWasBeingMadeIsMadeAnew() throws Exception {
        put("a", "1");
        store.close();
        StoreFiles files = new StoreFiles(directory);
        Path next = files.log(files.logs().lastKey() + 1);
        for (int size : new int[] {0, 5, 16}) {
            Files.write(next, new byte[size]);
            open();
            assertThat(get(store.get("a"))).isPresent();
            put("b" + size, "2");
            reopen();
            assertThat(get(store.get("b" + size))).isPresent();
            store.close();
            Files.delete(next);
        }
        open();
    }

    /** A disk that fails as it is told. */
    private static final class TroubledLog extends LogFile {
        private final AtomicReference<String> trouble;

        TroubledLog(Path path, AtomicReference<String> trouble) throws IOException {
            super(
                    FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    LogReader.read(path, true).salt(),
                    LogReader.read(path, true).end());
            this.trouble = trouble;
        }

        @Override
        void write(FileChannel to, ByteBuffer bytes, long at) throws IOException {
            if (trouble.get().equals("full")) {
                ByteBuffer half = bytes.duplicate();
                half.limit(half.position() + half.remaining() / 2);
                super.write(to, half, at);
                throw new IOException("No space left on device");
            }
            super.write(to, bytes, at);
        }

        @Override
        void sync(FileChannel of) throws IOException {
            if (trouble.get().equals("sync")) {
                throw new IOException("Input/output error");
            }
            super.sync(of);
        }
    }

    @Test
    void aFullDiskIsReadableAndRecovers() throws Exception {
        put("a", "1");
        store.close();
        AtomicReference<String> trouble = new AtomicReference<>("");
        Path path = log();
        try (FileChannel lockFile = FileChannel.open(directory.resolve("lock"), StandardOpenOption.WRITE)) {
            LogReader.Content content = LogReader.read(path, true);
            store = new LocalStore(
                    new LogJournal(
                            new StoreFiles(directory),
                            lockFile,
                            lockFile.lock(),
                            new TroubledLog(path, trouble),
                            0,
                            1 << 20),
                    State.EMPTY,
                    content.changes(),
                    "test");
            trouble.set("full");
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> put("b", "2"))
                        .isInstanceOfSatisfying(
                                StoreException.Unavailable.class,
                                e -> assertThat(e.unknown()).isFalse())
                        .hasMessageContaining("No space left on device");
            }
            assertThat(get(store.get("a"))).isPresent();
            assertThat(get(store.get("b"))).isEmpty();
            trouble.set("");
            put("c", "3");
            trouble.set("sync");
            assertThatThrownBy(() -> put("d", "4"))
                    .isInstanceOfSatisfying(
                            StoreException.Unavailable.class,
                            e -> assertThat(e.unknown()).isTrue());
            trouble.set("");
            assertThatThrownBy(() -> put("e", "5")).hasMessageContaining("must be opened anew");
            assertThat(get(store.get("c"))).isPresent();
            store.close();
        }
        open();
        assertThat(get(store.get("c"))).isPresent();
        assertThat(get(store.get("b"))).isEmpty();
        assertThat(get(store.get("e"))).isEmpty();
    }

    /** Whatever happens to a log: it is read up to somewhere in its right order, or refused with a place; nothing is invented. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void damagedLogsAreNeverMisread(long seed) throws Exception {
        Random random = new Random(seed);
        for (int i = 0; i < 12; i++) {
            put("k" + random.nextInt(5), "v".repeat(random.nextInt(300)));
        }
        store.close();
        byte[] whole = Files.readAllBytes(log());
        LogReader.Content content = LogReader.read(log(), ByteBuffer.wrap(whole), true);
        List<Change> all = content.changes();
        for (int i = 0; i < 3_000; i++) {
            byte[] bytes = whole.clone();
            int used = (int) content.end() + 50;
            switch (random.nextInt(4)) {
                case 0 -> bytes[random.nextInt(used)] ^= (byte) (1 << random.nextInt(8));
                case 1 -> random.nextBytes(bytes);
                case 2 -> {
                    int from = random.nextInt(used);
                    java.util.Arrays.fill(bytes, from, Math.min(bytes.length, from + random.nextInt(600)), (byte) 0);
                }
                default -> {
                    int from = random.nextInt(used);
                    int to = random.nextInt(used);
                    int length = random.nextInt(400);
                    System.arraycopy(whole, from, bytes, to, length);
                }
            }
            ByteBuffer file = ByteBuffer.wrap(bytes, 0, random.nextBoolean() ? bytes.length : random.nextInt(used));
            try {
                List<Change> read = LogReader.read(log(), file.slice(), true).changes();
                assertThat(read.size()).isLessThanOrEqualTo(all.size());
                assertThat(read).isEqualTo(all.subList(0, read.size()));
            } catch (DamagedStoreException e) {
                assertThat(e.offset()).isBetween(0L, (long) bytes.length);
            }
        }
        open();
    }

    @Test
    void codecsRefuseWhatIsNone() {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(64)];
            random.nextBytes(bytes);
            if (bytes.length > 0) {
                bytes[0] = (byte) (1 + random.nextInt(3));
            }
            try {
                ChangeCodec.read(ByteBuffer.wrap(bytes));
            } catch (IllegalArgumentException | StoreException.TooLarge expected) {
                assertThat(expected).hasMessageNotContaining("java.");
            }
        }
    }
}
