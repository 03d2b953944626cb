package dev.mishap.proxy.observe.log;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file that lines are appended to from any thread; {@link LogFiles}' thread does the writing. A writer copies its line
 * into a buffer under a lock that is never held during I/O, so a slow or full disk costs lines, never time on a request's way.
 */
public final class LogFile {
    private static final Logger LOG = LoggerFactory.getLogger(LogFile.class);
    private static final int INITIAL = 8 * 1024;
    /** Written at once: the library copies it to memory outside of the heap, and keeps that. */
    private static final int PIECE = 64 * 1024;
    /** Beyond this much waiting, lines are dropped and counted: the disk doesn't keep up. */
    static final int MAX_WAITING = 4 * 1024 * 1024;

    private final LogFiles files;
    private final @Nullable Path path;
    private final @Nullable FileDescriptor stream;

    private byte[] filling = new byte[INITIAL]; // guarded by this
    private int filled; // guarded by this
    private byte[] spare = new byte[INITIAL]; // the flusher's, between swaps

    private @Nullable OutputStream out; // the flusher's
    private volatile boolean reopen;
    private boolean warned;

    LogFile(LogFiles files, @Nullable Path path, @Nullable FileDescriptor stream) {
        this.files = files;
        this.path = path;
        this.stream = stream;
    }

    /** Opens the file now, so that a path that can't be written stops the start. */
    void open() throws IOException {
        if (stream != null) {
            out = new FileOutputStream(stream);
        } else if (path != null) {
            out = Files.newOutputStream(
                    path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        }
    }

    /** Appends {@code line} and a line feed. */
    public void line(String line) {
        byte[] bytes = (line + '\n').getBytes(StandardCharsets.UTF_8);
        write(bytes, bytes.length);
    }

    /** Takes the first {@code length} bytes of {@code line}. Never blocks on the disk. */
    void write(byte[] line, int length) {
        boolean large;
        synchronized (this) {
            if (filled + length > MAX_WAITING) {
                files.stats().dropped();
                return;
            }
            if (filling.length - filled < length) {
                filling = Arrays.copyOf(filling, Math.max(filling.length * 2, filled + length));
            }
            System.arraycopy(line, 0, filling, filled, length);
            filled += length;
            large = filled > files.flushSize() && filled - length <= files.flushSize();
        }
        files.stats().buffered(length);
        if (large) {
            files.flushSoon();
        }
    }

    /** Whether the buffer passed the size at which it is written before its time. */
    synchronized boolean isLarge() {
        return filled > files.flushSize();
    }

    void reopenSoon() {
        reopen = true;
    }

    /** Writes what waits. Called by the flusher's thread, or after that has ended; one call at a time. */
    void flush() {
        byte[] bytes;
        int length;
        synchronized (this) {
            bytes = filling;
            length = filled;
            filling = spare;
            filled = 0;
        }
        // A buffer that was needed is kept; one that is far too large by now shrinks step by step.
        spare = length < bytes.length / 8 ? new byte[Math.max(INITIAL, bytes.length / 2)] : bytes;
        if (reopen) {
            reopen = false;
            reopenNow();
        }
        if (length == 0) {
            return;
        }
        try {
            OutputStream target = out;
            if (target == null) {
                open();
                target = out;
            }
            if (target != null) {
                for (int at = 0; at < length; at += PIECE) {
                    target.write(bytes, at, Math.min(PIECE, length - at));
                }
                target.flush();
                files.stats().completed(length);
                warned = false;
            }
        } catch (IOException e) {
            files.stats().failed(length);
            if (!warned) {
                warned = true;
                LOG.warn(
                        "can't write to log file {}: {}; lines are lost until it can be written again",
                        path,
                        e.getMessage());
            }
        }
    }

    private void reopenNow() {
        if (path == null) {
            return;
        }
        try {
            if (out != null) {
                out.close();
            }
            out = null;
            open();
        } catch (IOException e) {
            out = null; // tried again with the next lines
            files.stats().reopenFailed();
            LOG.warn("can't reopen log file {}: {}", path, e.getMessage());
        }
    }
}
