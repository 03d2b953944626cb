package dev.mishap.control.store.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The names of the files in a store's directory, and what is needed to make them last. Generation N is snapshot N and the log that goes on from it. */
final class StoreFiles {
    private static final String LOG = "log-";
    private static final String SNAPSHOT = "snapshot-";
    /** Files are read as a whole; a log is begun anew long before this. */
    private static final long MAX_FILE = 1L << 30;

    private final Path directory;

    StoreFiles(Path directory) {
        this.directory = directory;
    }

    /** Whether a store was begun there. */
    boolean any() throws IOException {
        return Files.isDirectory(directory) && !(logs().isEmpty() && snapshots().isEmpty());
    }

    Path log(long generation) {
        return directory.resolve(LOG + HexFormat.of().toHexDigits(generation));
    }

    Path snapshot(long generation) {
        return directory.resolve(SNAPSHOT + HexFormat.of().toHexDigits(generation));
    }

    NavigableMap<Long, Path> logs() throws IOException {
        return list(LOG);
    }

    NavigableMap<Long, Path> snapshots() throws IOException {
        return list(SNAPSHOT);
    }

    private NavigableMap<Long, Path> list(String prefix) throws IOException {
        NavigableMap<Long, Path> found = new TreeMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, prefix + "*")) {
            for (Path file : files) {
                String number = file.getFileName().toString().substring(prefix.length());
                if (number.length() == 16) {
                    try {
                        found.put(Long.parseLong(number, 16), file);
                    } catch (NumberFormatException e) {
                        // Something else that a person put there.
                        continue;
                    }
                }
            }
        }
        return found;
    }

    /** Makes creations, renames and deletions in the directory durable. */
    void sync() throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    static ByteBuffer read(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MAX_FILE) {
            throw new IOException(file + ": has " + size + " bytes, which no file of a store has");
        }
        return ByteBuffer.wrap(Files.readAllBytes(file)).asReadOnlyBuffer();
    }
}
