package dev.mishap.control.store.local;

import dev.mishap.control.store.Event;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Watch;
import dev.mishap.control.store.WatchListener;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells watchers what the history has for them. A watcher has a place in the history and no queue, so a slow one costs nothing; in the end it is too late. */
final class Watches {
    private static final Logger LOG = LoggerFactory.getLogger(Watches.class);
    /** Then it is another watcher's turn. */
    private static final int TURN = 64;

    private final History history;
    private final Executor executor;
    private final Set<Cursor> cursors = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean waking = new AtomicBoolean();

    /** @param executor of one thread */
    Watches(History history, Executor executor) {
        this.history = history;
        this.executor = executor;
    }

    Watch add(String prefix, long from, WatchListener listener) {
        Cursor cursor = new Cursor(prefix, from == 0 ? history.newest().revision() : from - 1, listener);
        cursors.add(cursor);
        wake();
        return cursor;
    }

    /** There is something new. */
    void wake() {
        if (!cursors.isEmpty() && waking.compareAndSet(false, true)) {
            onThread(this::turn);
        }
    }

    private void onThread(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("a watch of a closed store");
        }
    }

    private void turn() {
        waking.set(false);
        boolean behind = false;
        for (Cursor cursor : cursors) {
            behind |= cursor.advance();
        }
        if (behind) {
            wake();
        }
    }

    void end(StoreException reason) {
        onThread(() -> cursors.forEach(c -> c.end(reason)));
    }

    private final class Cursor implements Watch {
        private final String prefix;
        private final WatchListener listener;
        private long told;
        private long progress;
        private volatile boolean closed;

        private Cursor(String prefix, long told, WatchListener listener) {
            this.prefix = prefix;
            this.told = told;
            this.listener = listener;
        }

        /** Whether there is more. */
        private boolean advance() {
            try {
                for (int i = 0; i < TURN && !closed; i++) {
                    History.Moment next = history.after(told);
                    if (next == null) {
                        if (progress < told && !closed) {
                            progress = told;
                            listener.onProgress(told);
                        }
                        return false;
                    }
                    told++;
                    List<Event> events = next.events().stream()
                            .filter(e -> e.key().startsWith(prefix))
                            .toList();
                    if (!events.isEmpty() && !closed) {
                        progress = told;
                        listener.onEvents(told, events);
                    }
                }
                return !closed;
            } catch (StoreException.Compacted e) {
                end(e);
            } catch (RuntimeException e) {
                LOG.error("a watch of '{}' fails at revision {}", prefix, told, e);
                end(new StoreException.Unavailable("the listener fails: " + e, e));
            }
            return false;
        }

        private void end(StoreException reason) {
            if (!closed) {
                close();
                try {
                    listener.onEnd(reason);
                } catch (RuntimeException e) {
                    LOG.error("a watch of '{}' fails at its end", prefix, e);
                }
            }
        }

        @Override
        public void close() {
            closed = true;
            cursors.remove(this);
        }
    }
}
