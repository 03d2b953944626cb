package dev.mishap.control.store.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** A state as a file: frames of leases and entries, and a last one with their numbers, so that a file that was cut is found out. */
final class SnapshotFile {
    private static final long MAGIC = 0x4d495348534e5031L;
    private static final int FRAME = 256 << 10;
    private static final int LEASE = 1;
    private static final int ENTRY = 2;
    private static final int END = 3;

    private SnapshotFile() {}

    /** Writes beside, syncs, and renames: the file is whole or not there. The directory's sync is the caller's. */
    static void write(Path path, State state) throws IOException {
        Path unfinished = path.resolveSibling(path.getFileName() + ".tmp");
        long salt = ThreadLocalRandom.current().nextLong();
        try (FileChannel channel = FileChannel.open(
                unfinished,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            channel.write(Frames.header(MAGIC, salt));
            Output out = new Output(channel, salt);
            List<Long> leases = new ArrayList<>();
            state.leases().forEachFrom(null, (lease, millis) -> leases.add(lease));
            for (long lease : leases) {
                out.frame.octet(LEASE);
                out.frame.number(lease);
                Long millis = state.leases().get(lease);
                out.frame.number(millis == null ? 0 : millis);
                out.flush(FRAME);
            }
            IOException[] failure = new IOException[1];
            state.entries().forEachFrom(null, (key, entry) -> {
                out.frame.octet(ENTRY);
                ChangeCodec.write(out.frame, entry);
                try {
                    out.flush(FRAME);
                    return true;
                } catch (IOException e) {
                    failure[0] = e;
                    return false;
                }
            });
            if (failure[0] != null) {
                throw failure[0];
            }
            out.frame.octet(END);
            out.frame.number(state.revision());
            out.frame.number(state.entries().size());
            out.frame.number(state.leases().size());
            out.flush(0);
            channel.force(true);
        } catch (IOException e) {
            Files.deleteIfExists(unfinished);
            throw e;
        }
        Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
    }

    private static final class Output {
        private final FileChannel channel;
        private final long salt;
        private final ByteWriter frame = new ByteWriter();

        private Output(FileChannel channel, long salt) {
            this.channel = channel;
            this.salt = salt;
        }

        private void flush(int least) throws IOException {
            if (frame.length() > least) {
                ByteBuffer content = frame.buffer();
                ByteBuffer header = Frames.frameHeader(salt, channel.position(), content);
                while (header.hasRemaining()) {
                    channel.write(header);
                }
                while (content.hasRemaining()) {
                    channel.write(content);
                }
                frame.clear();
            }
        }
    }

    /** @throws DamagedStoreException when it is not whole */
    static State read(Path path) throws IOException {
        return read(path, StoreFiles.read(path));
    }

    static State read(Path path, ByteBuffer file) throws DamagedStoreException {
        if (file.limit() < Frames.HEADER || file.getLong(0) != MAGIC) {
            throw new DamagedStoreException(path, 0, "this is no snapshot");
        }
        long salt = file.getLong(8);
        State state = State.EMPTY;
        int position = Frames.HEADER;
        while (true) {
            ByteBuffer content = Frames.at(file, position, salt);
            if (content == null) {
                throw new DamagedStoreException(path, position, "its checksum does not fit");
            }
            try {
                ByteReader in = new ByteReader(content);
                while (in.hasMore()) {
                    switch (in.octet()) {
                        case LEASE -> state = state.after(new Change.Grant(in.number(), in.number()), e -> {});
                        case ENTRY -> state = state.restored(ChangeCodec.entry(in));
                        case END -> {
                            return end(path, position, state, in);
                        }
                        default -> throw new IllegalArgumentException("something unknown is in it");
                    }
                }
            } catch (IllegalArgumentException e) {
                throw new DamagedStoreException(path, position, "the checksum is right, but " + e.getMessage());
            }
            position += Frames.OVERHEAD + content.limit();
        }
    }

    private static State end(Path path, int position, State state, ByteReader in) throws DamagedStoreException {
        long revision = in.number();
        if (in.number() != state.entries().size()
                || in.number() != state.leases().size()) {
            throw new DamagedStoreException(path, position, "it does not hold as much as it says");
        }
        return state.at(revision);
    }
}
