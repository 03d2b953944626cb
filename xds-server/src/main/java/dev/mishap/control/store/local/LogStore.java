package dev.mishap.control.store.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the store in a directory. One process has it at a time. */
public final class LogStore {
    private static final Logger LOG = LoggerFactory.getLogger(LogStore.class);
    private static final String LOCK = "lock";
    /** The log's size at which a new one is begun, in bytes. */
    public static final long ROTATE_AT = 16 << 20;

    private LogStore() {}

    /** What opening found. */
    private record Recovered(State start, List<Change> since, LogFile log, long generation) {}

    /**
     * Opens the store, or makes one in a directory that is absent or empty.
     *
     * @throws DamagedStoreException when something durable can't be read
     * @throws IOException when another process has it, or the directory can't be written to
     */
    public static LocalStore open(Path directory) throws IOException {
        return open(directory, ROTATE_AT);
    }

    static LocalStore open(Path directory, long rotateAt) throws IOException {
        createPrivately(directory);
        FileChannel channel = FileChannel.open(
                directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            FileLock lock = lock(directory, channel);
            StoreFiles files = new StoreFiles(directory);
            Recovered recovered = recover(files);
            LogJournal journal = new LogJournal(files, channel, lock, recovered.log, recovered.generation, rotateAt);
            return new LocalStore(journal, recovered.start, recovered.since, "log");
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Rules and audit records are nobody else's business. */
    private static void createPrivately(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            if (Files.getFileStore(Path.of("/")).supportsFileAttributeView("posix")) {
                Files.createDirectories(
                        directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } else {
                Files.createDirectories(directory);
            }
        }
    }

    private static FileLock lock(Path directory, FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            ByteBuffer holder = ByteBuffer.allocate(64);
            channel.read(holder, 0);
            String who =
                    StandardCharsets.US_ASCII.decode(holder.flip()).toString().trim();
            throw new IOException(directory + ": the store is in use by process " + who);
        }
        channel.truncate(0);
        channel.write(StandardCharsets.US_ASCII.encode(ProcessHandle.current().pid() + "\n"), 0);
        return lock;
    }

    private static Recovered recover(StoreFiles files) throws IOException {
        NavigableMap<Long, Path> logs = files.logs();
        Map.Entry<Long, Path> snapshot = files.snapshots().lastEntry();
        long first = snapshot == null ? 0 : snapshot.getKey();
        if (snapshot == null && logs.isEmpty()) {
            LogFile log =
                    LogFile.create(files.log(0), ThreadLocalRandom.current().nextLong());
            files.sync();
            return new Recovered(State.EMPTY, List.of(), log, 0);
        }
        State start = snapshot == null ? State.EMPTY : SnapshotFile.read(snapshot.getValue());
        State state = start;
        List<Change> since = new ArrayList<>();
        long last = logs.isEmpty() ? -1 : logs.lastKey();
        LogReader.Content content = null;
        for (long generation = first; generation <= last || content == null; generation++) {
            Path path = logs.get(generation);
            if (path == null) {
                throw new DamagedStoreException(files.log(generation), 0, "the file is missing");
            }
            if (generation == last && LogReader.isUnbegun(path)) {
                Files.delete(path);
                LogFile.create(path, ThreadLocalRandom.current().nextLong()).close();
                files.sync();
            }
            content = LogReader.read(path, generation == last);
            for (Change change : content.changes()) {
                requireNext(path, state, change);
                state = state.after(change, e -> {});
                since.add(change);
            }
        }
        Path path = files.log(last);
        if (content.torn() > 0) {
            LOG.warn(
                    "{}: {} bytes of a write that was never finished are cut off at byte {}",
                    path,
                    content.torn(),
                    content.end());
        }
        LogFile log = LogFile.open(path, content.salt(), content.end(), content.torn() > 0);
        return new Recovered(start, since, log, last);
    }

    private static void requireNext(Path path, State state, Change change) throws DamagedStoreException {
        boolean next = change instanceof Change.Grant
                || change instanceof Change.Write write && write.revision() == state.revision() + 1
                || change instanceof Change.Revoke revoke
                        && (revoke.revision() == state.revision() || revoke.revision() == state.revision() + 1);
        if (!next) {
            throw new DamagedStoreException(path, 0, "revision " + state.revision() + " is not followed by the next");
        }
    }

    /** Whether a store was begun in a directory. */
    public static boolean isIn(Path directory) throws IOException {
        return new StoreFiles(directory).any();
    }

    /**
     * Gives up what can't be read, and all that comes after it. The damaged files are kept beside, under names that end in {@code .damaged}.
     *
     * @return what was done, in words; empty = nothing was damaged
     */
    public static List<String> repair(Path directory) throws IOException {
        List<String> done = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(
                        directory.resolve(LOCK),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
                FileLock lock = lock(directory, channel)) {
            StoreFiles files = new StoreFiles(directory);
            for (Path snapshot : files.snapshots().descendingMap().values()) {
                try {
                    SnapshotFile.read(snapshot);
                    break;
                } catch (DamagedStoreException e) {
                    done.add(aside(snapshot) + " is set aside; the generation before takes its place");
                }
            }
            NavigableMap<Long, Path> logs = files.logs();
            boolean broken = false;
            for (Map.Entry<Long, Path> log : logs.entrySet()) {
                if (broken) {
                    done.add(aside(log.getValue()) + " is set aside: it follows what was damaged");
                    continue;
                }
                DamagedStoreException damage =
                        LogReader.damage(log.getValue(), log.getKey().equals(logs.lastKey()));
                if (damage != null) {
                    broken = true;
                    Files.copy(
                            log.getValue(),
                            damaged(log.getValue()),
                            StandardCopyOption.REPLACE_EXISTING,
                            StandardCopyOption.COPY_ATTRIBUTES);
                    try (FileChannel cut = FileChannel.open(log.getValue(), StandardOpenOption.WRITE)) {
                        cut.truncate(damage.offset());
                        cut.force(true);
                    }
                    done.add(log.getValue() + " is cut at byte " + damage.offset());
                }
            }
            files.sync();
            LOG.debug("repaired under {}", lock);
        }
        return done;
    }

    private static Path damaged(Path file) {
        return file.resolveSibling(file.getFileName() + ".damaged");
    }

    private static Path aside(Path file) throws IOException {
        return Files.move(file, damaged(file), StandardCopyOption.REPLACE_EXISTING);
    }
}
