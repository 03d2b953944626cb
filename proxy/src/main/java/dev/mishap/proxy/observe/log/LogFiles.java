package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import java.io.FileDescriptor;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The process's log files, each opened once by path, and the thread that writes them: every flush interval, and when a file's
 * buffer has passed the flush size. The thread starts with the first file. {@link #close} writes what is left.
 */
public final class LogFiles implements AutoCloseable {
    private final Map<String, LogFile> files = new HashMap<>(); // guarded by this
    private volatile List<LogFile> all = List.of();
    private final long flushNanos;
    private final int flushSize;
    private final Stats stats;
    private volatile @Nullable Thread flusher;
    private volatile boolean closed;
    private volatile RemoteLogs remote = RemoteLogs.NONE;
    /** Set to have everything written at once, whatever the time. */
    private volatile boolean flushNow;

    /**
     * @param flushMillis {@code --file-flush-interval-msec}, Envoy's default 10,000
     * @param flushKilobytes {@code --file-flush-min-size-kb}, Envoy's default 64
     */
    public LogFiles(long flushMillis, long flushKilobytes, Scope stats) {
        this.flushNanos = TimeUnit.MILLISECONDS.toNanos(Math.max(1, flushMillis));
        this.flushSize = (int) Math.min(flushKilobytes * 1024, LogFile.MAX_WAITING / 2);
        this.stats = new Stats(stats.scope("filesystem."));
    }

    /** Tells who makes logs that go elsewhere; before the first configuration with logs is read. */
    public void remote(RemoteLogs logs) {
        remote = logs;
    }

    RemoteLogs remote() {
        return remote;
    }

    /** The file at {@code path}, opened for appending; the same object for the same path. */
    public LogFile open(String path) {
        try {
            return open(path, Path.of(path), null);
        } catch (InvalidPathException e) {
            throw new ConfigException("unable to open file '" + path.replace('\0', '?') + "': " + e.getReason());
        }
    }

    LogFile standardOutput() {
        return open("/dev/stdout", null, FileDescriptor.out);
    }

    LogFile standardError() {
        return open("/dev/stderr", null, FileDescriptor.err);
    }

    private synchronized LogFile open(String name, @Nullable Path path, @Nullable FileDescriptor stream) {
        LogFile known = files.get(name);
        if (known != null) {
            return known;
        }
        LogFile file = new LogFile(this, path, stream);
        try {
            file.open();
        } catch (IOException e) {
            throw new ConfigException("unable to open file '" + name + "': " + reason(e));
        }
        files.put(name, file);
        List<LogFile> more = new ArrayList<>(all);
        more.add(file);
        all = List.copyOf(more);
        if (flusher == null && !closed) {
            Thread thread = new Thread(null, this::run, "AccessLogFlush", 256 * 1024);
            thread.setDaemon(true);
            thread.start();
            flusher = thread;
        }
        return file;
    }

    private static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "No such file or directory";
        }
        if (e instanceof AccessDeniedException) {
            return "Permission denied";
        }
        return String.valueOf(e.getMessage());
    }

    private void run() {
        long next = System.nanoTime() + flushNanos;
        while (!closed) {
            long now = System.nanoTime();
            if (now - next >= 0 || flushNow) {
                if (now - next >= 0) {
                    next = now + flushNanos;
                    stats.flushedByTimer.inc();
                }
                flushNow = false;
                flush();
                continue;
            }
            for (LogFile file : all) {
                if (file.isLarge()) {
                    file.flush();
                }
            }
            LockSupport.parkNanos(this, next - System.nanoTime());
        }
    }

    private void flush() {
        for (LogFile file : all) {
            file.flush();
        }
    }

    /** Closes all files and opens them again by their paths, for log rotation: SIGUSR1 and {@code POST /reopen_logs}. */
    public void reopen() {
        for (LogFile file : all) {
            file.reopenSoon();
        }
        flushNow = true;
        flushSoon();
    }

    int flushSize() {
        return flushSize;
    }

    Stats stats() {
        return stats;
    }

    void flushSoon() {
        Thread thread = flusher;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /** Ends the thread and writes what is left. */
    @Override
    public void close() {
        Thread thread;
        synchronized (this) {
            closed = true;
            thread = flusher;
            flusher = null;
        }
        if (thread != null) {
            LockSupport.unpark(thread);
            try {
                thread.join(1000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        flush();
    }

    /** The {@code filesystem.*} stats. */
    static final class Stats {
        private final Counter flushedByTimer;
        private final Counter writeBuffered;
        private final Counter writeCompleted;
        private final Counter writeFailed;
        private final Counter reopenFailed;
        private final Gauge totalBuffered;

        Stats(Scope scope) {
            flushedByTimer = scope.counter("flushed_by_timer");
            writeBuffered = scope.counter("write_buffered");
            writeCompleted = scope.counter("write_completed");
            writeFailed = scope.counter("write_failed");
            reopenFailed = scope.counter("reopen_failed");
            totalBuffered = scope.gauge("write_total_buffered");
        }

        void buffered(int bytes) {
            writeBuffered.inc();
            totalBuffered.add(bytes);
        }

        void completed(int bytes) {
            writeCompleted.inc();
            totalBuffered.add(-bytes);
        }

        void failed(int bytes) {
            writeFailed.inc();
            totalBuffered.add(-bytes);
        }

        /** A line that the buffer had no room for. */
        void dropped() {
            writeFailed.inc();
        }

        void reopenFailed() {
            reopenFailed.inc();
        }
    }
}
