package dev.mishap.control.store.local;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes on disk. Each batch is one frame of the log and one sync. When the log has grown, a new one is begun, and the state at that moment
 * is written to a snapshot in the background; then what is older than the generation before goes.
 */
final class LogJournal implements Journal {
    private static final Logger LOG = LoggerFactory.getLogger(LogJournal.class);

    private static final long MAX_LOG = 256 << 20;

    private final StoreFiles files;
    private final FileChannel lockChannel;
    private final FileLock lock;
    private final long rotateAt;
    private final ByteWriter frame = new ByteWriter();
    private final ExecutorService snapshots = Executors.newSingleThreadExecutor(runnable -> {
        Thread thread = new Thread(runnable, "store-snapshot");
        thread.setDaemon(true);
        return thread;
    });
    private final AtomicBoolean snapshotting = new AtomicBoolean();
    /** A log may become as long as its snapshot, so that no more is written for snapshots than for changes. */
    private volatile long snapshotBytes;

    private LogFile log;
    private long generation;

    LogJournal(StoreFiles files, FileChannel lockChannel, FileLock lock, LogFile log, long generation, long rotateAt)
            throws IOException {
        this.files = files;
        this.lockChannel = lockChannel;
        this.lock = lock;
        this.log = log;
        this.generation = generation;
        this.rotateAt = rotateAt;
        Path snapshot = files.snapshot(generation);
        snapshotBytes = Files.exists(snapshot) ? Files.size(snapshot) : 0;
    }

    @Override
    public void append(List<Change> changes, State after) throws IOException {
        frame.clear();
        for (Change change : changes) {
            ChangeCodec.write(frame, change);
        }
        log.append(frame.buffer());
        if (log.position() >= Math.max(rotateAt, Math.min(snapshotBytes, MAX_LOG))
                && snapshotting.compareAndSet(false, true)) {
            rotate(after);
        }
    }

    /** What was appended is durable: a failure here must not be taken for that of the write. */
    private void rotate(State state) {
        long next = generation + 1;
        try {
            LogFile fresh =
                    LogFile.create(files.log(next), ThreadLocalRandom.current().nextLong());
            files.sync();
            log.close();
            log = fresh;
            generation = next;
        } catch (IOException e) {
            LOG.warn("the store's log can't be begun anew, it grows on: {}", e.toString());
            try {
                Files.deleteIfExists(files.log(next));
            } catch (IOException suppressed) {
                LOG.warn("{} can't be deleted: {}", files.log(next), suppressed.toString());
            }
            snapshotting.set(false);
            return;
        }
        snapshots.execute(() -> {
            try {
                SnapshotFile.write(files.snapshot(next), state);
                files.sync();
                snapshotBytes = Files.size(files.snapshot(next));
                forgetBefore(next - 1);
            } catch (IOException | RuntimeException e) {
                LOG.warn("no snapshot of the store, its logs are kept: {}", e.toString());
            } finally {
                snapshotting.set(false);
            }
        });
    }

    /** The generation before is kept, for the case that the newest snapshot can't be read one day. */
    private void forgetBefore(long kept) throws IOException {
        for (Map<Long, Path> old :
                List.of(files.snapshots().headMap(kept, false), files.logs().headMap(kept, false))) {
            for (Path file : old.values()) {
                Files.deleteIfExists(file);
            }
        }
    }

    @Override
    public void close() throws IOException {
        snapshots.shutdown();
        try {
            if (!snapshots.awaitTermination(1, TimeUnit.MINUTES)) {
                LOG.warn("a snapshot is still being written; it is left unfinished");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try (lockChannel) {
            log.close();
            lock.release();
        }
    }
}
