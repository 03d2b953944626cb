package dev.mishap.control.store.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a log as a whole: up to its end, to a tail that was never finished, or to damage. */
final class LogReader {
    /**
     * What a log holds.
     *
     * @param end where the next frame goes
     * @param torn bytes of an unfinished frame after that: a write that nobody was told to be durable
     */
    record Content(long salt, List<Change> changes, long end, long torn) {}

    private LogReader() {}

    /** @throws DamagedStoreException when what was durable can't be read */
    static Content read(Path path, boolean last) throws IOException {
        return read(path, StoreFiles.read(path), last);
    }

    /**
     * @param last whether it is the newest log: only that may have a torn tail
     */
    static Content read(Path path, ByteBuffer file, boolean last) throws DamagedStoreException {
        if (file.limit() < Frames.HEADER || file.getLong(0) != LogFile.MAGIC) {
            throw new DamagedStoreException(path, 0, "this is no log");
        }
        long salt = file.getLong(8);
        List<Change> changes = new ArrayList<>();
        int position = Frames.HEADER;
        while (position < file.limit()) {
            ByteBuffer content = Frames.at(file, position, salt);
            if (content == null) {
                return end(path, file, last, salt, changes, position);
            }
            try {
                changes.addAll(ChangeCodec.read(content));
            } catch (IllegalArgumentException e) {
                throw new DamagedStoreException(path, position, "the checksum is right, but " + e.getMessage());
            }
            position += Frames.OVERHEAD + content.limit();
        }
        return new Content(salt, changes, position, 0);
    }

    private static Content end(Path path, ByteBuffer file, boolean last, long salt, List<Change> changes, int position)
            throws DamagedStoreException {
        if (Frames.isUnused(file, position)) {
            return new Content(salt, changes, position, 0);
        }
        int next = Frames.next(file, position, salt);
        if (next >= 0 || !last) {
            // A frame is begun only when the one before is durable.
            throw new DamagedStoreException(
                    path,
                    position,
                    next >= 0
                            ? "its checksum does not fit, and a valid write follows at byte " + next
                            : "its checksum does not fit, in a log that was finished");
        }
        return new Content(salt, changes, position, file.limit() - position);
    }

    /** Whether the process ended while the log was made: nothing is written to it before its header is durable. */
    static boolean isUnbegun(Path path) throws IOException {
        long size = Files.size(path);
        return size < Frames.HEADER
                || size == Frames.HEADER && StoreFiles.read(path).getLong(0) == 0;
    }

    /** Where a damaged log breaks; null when it does not. */
    static @Nullable DamagedStoreException damage(Path path, boolean last) throws IOException {
        try {
            read(path, last);
            return null;
        } catch (DamagedStoreException e) {
            return e;
        }
    }
}
