package dev.mishap.proxy.xds.file;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of files that are moved into place. One thread watches all directories, and starts with the first of them; who listens is
 * told on the executor given. A write in place tells nothing: a file that is half written must not be read.
 */
public final class FileWatcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("file");

    private final Executor executor;
    private final Map<WatchKey, List<Watch>> watches = new HashMap<>(); // guarded by this
    private @Nullable WatchService service; // guarded by this

    /** @param executor where those who listen are told */
    public FileWatcher(Executor executor) {
        this.executor = executor;
    }

    /** One file or directory that is watched; closing it ends that. */
    public final class Watch implements AutoCloseable {
        private final WatchKey key;
        private final @Nullable Path name;
        private final boolean removals;
        private final Runnable moved;
        private volatile boolean closed;

        private Watch(WatchKey key, @Nullable Path name, boolean removals, Runnable moved) {
            this.removals = removals;
            this.key = key;
            this.name = name;
            this.moved = moved;
        }

        private void tell() {
            if (!closed) {
                moved.run();
            }
        }

        @Override
        public void close() {
            closed = true;
            synchronized (FileWatcher.this) {
                List<Watch> of = watches.get(key);
                if (of != null && of.remove(this) && of.isEmpty()) {
                    watches.remove(key);
                    key.cancel();
                }
            }
        }
    }

    /**
     * Watches {@code file}, whose directory must exist.
     *
     * @throws IOException when it can't be watched
     */
    public Watch file(Path file, Runnable moved) throws IOException {
        Path absolute = file.toAbsolutePath();
        Path parent = absolute.getParent();
        return watch(parent == null ? absolute : parent, absolute.getFileName(), false, moved);
    }

    /** Watches for anything that is moved into {@code directory}. */
    public Watch directory(Path directory, Runnable moved) throws IOException {
        return watch(directory.toAbsolutePath(), null, false, moved);
    }

    /** Watches for anything that comes into {@code directory} or goes from it. */
    public Watch comingAndGoing(Path directory, Runnable changed) throws IOException {
        return watch(directory.toAbsolutePath(), null, true, changed);
    }

    private synchronized Watch watch(Path directory, @Nullable Path name, boolean removals, Runnable moved)
            throws IOException {
        WatchService s = service;
        if (s == null) {
            s = FileSystems.getDefault().newWatchService();
            service = s;
            WatchService started = s;
            Thread thread = new Thread(null, () -> follow(started), "FileWatcher", 256 * 1024);
            thread.setDaemon(true);
            thread.start();
        }
        // A rename over a file that is there is seen as a new entry of the directory, a write to it is not.
        // Both kinds for everybody: a directory has one set of kinds, and the last one to say it would count for all.
        WatchKey key =
                directory.register(s, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_DELETE);
        Watch watch = new Watch(key, name, removals, moved);
        watches.computeIfAbsent(key, k -> new ArrayList<>()).add(watch);
        return watch;
    }

    private void follow(WatchService s) {
        try {
            while (true) {
                WatchKey key = s.take();
                for (WatchEvent<?> event : key.pollEvents()) {
                    for (Watch watch : of(key)) {
                        boolean lost = event.kind() == StandardWatchEventKinds.OVERFLOW;
                        if (event.kind() == StandardWatchEventKinds.ENTRY_DELETE && !watch.removals) {
                            continue;
                        }
                        if (lost || watch.name == null || watch.name.equals(event.context())) {
                            executor.execute(watch::tell);
                        }
                    }
                }
                if (!key.reset()) {
                    for (Watch watch : of(key)) {
                        if (watch.removals) {
                            executor.execute(watch::tell);
                        }
                    }
                    LOG.warn("the directory {} is gone; its files are watched no more", key.watchable());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ClosedWatchServiceException e) {
            // closed: the process ends
        }
    }

    private synchronized List<Watch> of(WatchKey key) {
        return List.copyOf(watches.getOrDefault(key, List.of()));
    }

    @Override
    public synchronized void close() {
        WatchService s = service;
        if (s != null) {
            try {
                s.close();
            } catch (IOException e) {
                LOG.debug("closing the file watcher", e);
            }
        }
    }
}
