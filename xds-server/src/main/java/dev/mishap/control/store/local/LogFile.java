package dev.mishap.control.store.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A log that is written to. Room is made ahead, in zeros, so that a sync needs no new size of the file, and a full disk is met before
 * anything is half written.
 */
class LogFile implements AutoCloseable {
    static final long MAGIC = 0x4d4953484c4f4731L;
    private static final int ROOM = 1 << 20;

    private final FileChannel channel;
    private final long salt;
    private long position;
    private long room;

    LogFile(FileChannel channel, long salt, long position) throws IOException {
        this.channel = channel;
        this.salt = salt;
        this.position = position;
        room = channel.size();
    }

    /** A new file, which is durable but for its name. */
    static LogFile create(Path path, long salt) throws IOException {
        FileChannel channel = FileChannel.open(
                path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        channel.write(Frames.header(MAGIC, salt), 0);
        channel.force(true);
        return new LogFile(channel, salt, Frames.HEADER);
    }

    /** One that was there, to go on at a position; what is after it goes. */
    static LogFile open(Path path, long salt, long position, boolean cut) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        if (cut) {
            channel.truncate(position);
            channel.force(true);
        }
        return new LogFile(channel, salt, position);
    }

    long position() {
        return position;
    }

    /**
     * Appends a frame and syncs.
     *
     * @throws IOException nothing was appended
     * @throws UncheckedIOException nobody knows
     */
    void append(ByteBuffer content) throws IOException {
        int length = Frames.OVERHEAD + content.remaining();
        if (position + length > room) {
            makeRoom(position + length - room);
        }
        ByteBuffer frame = ByteBuffer.allocate(length)
                .put(Frames.frameHeader(salt, position, content))
                .put(content.duplicate())
                .flip();
        try {
            write(channel, frame, position);
        } catch (IOException e) {
            cut(position, e);
            throw e;
        }
        try {
            sync(channel);
        } catch (IOException e) {
            // After a failed sync the kernel may have dropped what it could not write: a second one proves nothing.
            throw new UncheckedIOException(e);
        }
        position += length;
    }

    private void makeRoom(long least) throws IOException {
        long more = Math.max(ROOM, least);
        ByteBuffer zeros = ByteBuffer.allocate((int) more);
        try {
            write(channel, zeros, room);
        } catch (IOException e) {
            cut(room, e);
            throw e;
        }
        room += more;
    }

    private void cut(long size, IOException cause) {
        try {
            channel.truncate(size);
            room = size;
        } catch (IOException e) {
            cause.addSuppressed(e);
            throw new UncheckedIOException(cause);
        }
    }

    /** For tests to fail. */
    void write(FileChannel to, ByteBuffer bytes, long at) throws IOException {
        long next = at;
        while (bytes.hasRemaining()) {
            next += to.write(bytes, next);
        }
    }

    /** For tests to fail. */
    void sync(FileChannel of) throws IOException {
        of.force(false);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
