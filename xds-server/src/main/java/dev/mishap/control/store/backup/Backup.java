package dev.mishap.control.store.backup;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Page;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes backups of stores and fills stores from them. Blocks; for commands. */
public final class Backup {
    /** Is in a store while it is being filled: with it, a store is not whole and must not be used. */
    public static final String UNFINISHED = "meta/restore-unfinished";

    private static final long TIMEOUT_MILLIS = 60_000;
    private static final int BATCH = 100;
    private static final int BATCH_BYTES = Transaction.MAX_BYTES / 2;

    private Backup() {}

    /**
     * Writes all entries as of one revision to a file, which is there as a whole or not at all. Entries under leases are left out: they
     * are of processes that run. The store may be in use.
     *
     * @return how many entries
     */
    public static long write(Store store, Path file) throws IOException {
        Path unfinished = file.resolveSibling(file.getFileName() + ".tmp");
        long count;
        try {
            long revision = StoreException.await(store.revision(), TIMEOUT_MILLIS);
            try (OutputStream stream = Files.newOutputStream(unfinished);
                    BackupFile.Output out = new BackupFile.Output(stream, revision, Instant.now())) {
                String after = null;
                Page page;
                do {
                    page = StoreException.await(store.list("", after, Store.MAX_PAGE, revision), TIMEOUT_MILLIS);
                    for (Entry entry : page.entries()) {
                        if (entry.lease() == 0) {
                            out.entry(entry.key(), entry.value());
                        }
                        after = entry.key();
                    }
                } while (page.more());
                count = out.finish();
            }
            try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
        return count;
    }

    /** Reads a backup to its end and checks it. @return how many entries it has */
    public static long verify(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return BackupFile.read(in, file.toString(), (key, value) -> {});
        }
    }

    /**
     * Fills a store, which nobody else may use meanwhile. When it is interrupted the store can't be opened by a control plane until it
     * was done again.
     *
     * @param replace whether what is in the store goes; else it must be empty
     * @return how many entries were put
     * @throws IOException when the file is not whole (nothing was changed then), or the store is not empty
     */
    public static long restore(Path file, Store store, boolean replace) throws IOException {
        verify(file);
        boolean unfinished =
                StoreException.await(store.get(UNFINISHED), TIMEOUT_MILLIS).isPresent();
        if (!replace && !unfinished && !isEmpty(store)) {
            throw new IOException("the store is not empty; say so (--replace) if what is in it shall go");
        }
        commit(store, Transaction.put(UNFINISHED, Bytes.utf8(Instant.now().toString())));
        Filler filler = new Filler(store);
        long count;
        try (InputStream in = Files.newInputStream(file)) {
            count = BackupFile.read(in, file.toString(), filler::put);
        }
        filler.flush();
        deleteOthers(store, filler.keys);
        commit(store, Transaction.delete(UNFINISHED));
        return count;
    }

    private static boolean isEmpty(Store store) {
        return StoreException.await(store.list("", null, 100, 0), TIMEOUT_MILLIS).entries().stream()
                .allMatch(e -> e.lease() != 0);
    }

    private static void deleteOthers(Store store, Set<String> kept) {
        Filler filler = new Filler(store);
        @Nullable String after = null;
        Page page;
        do {
            page = StoreException.await(store.list("", after, Store.MAX_PAGE, 0), TIMEOUT_MILLIS);
            for (Entry entry : page.entries()) {
                if (!kept.contains(entry.key()) && !entry.key().equals(UNFINISHED)) {
                    filler.delete(entry.key());
                }
                after = entry.key();
            }
        } while (page.more());
        filler.flush();
    }

    private static void commit(Store store, Transaction transaction) {
        StoreException.await(store.commit(transaction), TIMEOUT_MILLIS);
    }

    /** Collects changes into transactions. */
    private static final class Filler {
        private final Store store;
        private final Set<String> keys = new HashSet<>();
        private Transaction.Builder builder = Transaction.builder();
        private int count;
        private int bytes;

        private Filler(Store store) {
            this.store = store;
        }

        private void put(String key, Bytes value) {
            if (key.equals(UNFINISHED)) {
                return;
            }
            int size = key.length() + value.length();
            if (count == BATCH || count > 0 && bytes + size > BATCH_BYTES) {
                flush();
            }
            builder.put(key, value);
            keys.add(key);
            count++;
            bytes += size;
        }

        private void delete(String key) {
            if (count == BATCH) {
                flush();
            }
            builder.delete(key);
            count++;
        }

        private void flush() {
            if (count > 0) {
                commit(store, builder.build());
                builder = Transaction.builder();
                count = 0;
                bytes = 0;
            }
        }
    }
}
