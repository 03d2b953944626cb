package dev.mishap.control.store;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Among the programs on one store, one has each task: who holds the task's key, which lives by a lease. When it dies or is cut off, another
 * one follows within about the lease's length.
 *
 * <p>A leader may think that it is one a little too long (a pause of its process). So what it writes goes through {@link #fence}, which
 * holds only as long as its key does.
 */
public final class Leadership implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
    private static final String PREFIX = "leader/";

    /** Is told on the executor. */
    public interface Listener {
        void onElected();

        void onLost();
    }

    private record Term(long lease, long revision, long deadlineNanos) {}

    private final Store store;
    private final String key;
    private final String holder;
    private final Duration ttl;
    private final ScheduledExecutorService executor;
    private final Listener listener;
    private volatile @Nullable Term term;
    private volatile boolean closed;
    private @Nullable Watch watch;
    /** Attempts that a later one has made moot are told by it. */
    private int attempt;

    /**
     * Runs for the task from now on.
     *
     * @param task its name, as part of a key
     * @param holder who this is, for people who look
     * @param executor of one thread; listener and all work run on it
     */
    public Leadership(
            Store store,
            String task,
            String holder,
            Duration ttl,
            ScheduledExecutorService executor,
            Listener listener) {
        this.store = store;
        key = Transaction.requireKey(PREFIX + task);
        this.holder = holder;
        this.ttl = ttl;
        this.executor = executor;
        this.listener = listener;
        onThread(this::campaign);
    }

    /** Whether this is the leader, by its own clock. */
    public boolean held() {
        Term now = term;
        return now != null && now.deadlineNanos - System.nanoTime() > 0;
    }

    /** Adds the condition that this is still the leader. Without a term nothing will hold. */
    public Transaction.Builder fence(Transaction.Builder builder) {
        Term now = term;
        return builder.ifModRevision(key, now == null ? Long.MAX_VALUE : now.revision);
    }

    /** Whether a conflict says that this is not the leader any more. */
    public boolean isFenced(Throwable failure) {
        return StoreException.unwrap(failure) instanceof StoreException.Conflict conflict
                && conflict.key().equals(key);
    }

    private void onThread(Runnable task) {
        try {
            executor.execute(() -> {
                if (!closed) {
                    task.run();
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("{}: closed", key);
        }
    }

    private void later(Duration delay, Runnable task) {
        try {
            executor.schedule(() -> onThread(task), delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("{}: closed", key);
        }
    }

    private void campaign() {
        if (term != null) {
            return;
        }
        int mine = ++attempt;
        unwatch();
        // Whatever happens, or does not, there is another attempt.
        later(ttl, () -> {
            if (attempt == mine) {
                campaign();
            }
        });
        store.list(key, null, 1, 0)
                .whenComplete((page, failure) -> onThread(() -> {
                    if (attempt != mine || failure != null) {
                        return;
                    }
                    if (!page.entries().isEmpty() && page.entries().get(0).key().equals(key)) {
                        awaitVacancy(page.revision());
                    } else {
                        stand(mine);
                    }
                }));
    }

    private void awaitVacancy(long revision) {
        watch = store.watch(key, revision + 1, new WatchListener() {
            @Override
            public void onEvents(long at, List<Event> events) {
                if (events.stream()
                        .anyMatch(e -> e instanceof Event.Delete && e.key().equals(key))) {
                    onThread(Leadership.this::campaign);
                }
            }

            @Override
            public void onEnd(StoreException reason) {
                LOG.debug("{}: the watch ended: {}", key, reason.getMessage());
            }
        });
    }

    private void unwatch() {
        if (watch != null) {
            watch.close();
            watch = null;
        }
    }

    private void stand(int mine) {
        long sent = System.nanoTime();
        store.grant(ttl)
                .thenCompose(lease -> store.commit(Transaction.builder()
                                .ifAbsent(key)
                                .put(key, Bytes.utf8(holder), lease.id())
                                .build())
                        .thenApply(revision -> new Term(lease.id(), revision, sent + ttl.toNanos()))
                        .whenComplete((won, failure) -> {
                            if (failure != null) {
                                store.revoke(lease.id());
                            }
                        }))
                .whenComplete((won, failure) -> {
                    if (failure != null) {
                        LOG.debug("{}: not elected: {}", key, failure.toString());
                    } else if (closed) {
                        store.revoke(won.lease);
                    } else {
                        onThread(() -> elected(won, mine));
                    }
                });
    }

    private void elected(Term won, int mine) {
        if (term != null || attempt != mine && won.deadlineNanos - System.nanoTime() <= 0) {
            store.revoke(won.lease);
            return;
        }
        attempt++;
        term = won;
        LOG.info("{}: {} has the task", key, holder);
        listener.onElected();
        later(ttl.dividedBy(3), this::renew);
    }

    private void renew() {
        Term now = term;
        if (now == null) {
            return;
        }
        long sent = System.nanoTime();
        if (now.deadlineNanos - sent <= 0) {
            lost("its lease could not be renewed in time");
            return;
        }
        store.keepAlive(now.lease)
                .whenComplete((left, failure) -> onThread(() -> {
                    if (term != now) {
                        return;
                    }
                    if (failure == null) {
                        term = new Term(now.lease, now.revision, sent + ttl.toNanos());
                    } else if (StoreException.unwrap(failure) instanceof StoreException.LeaseNotFound) {
                        lost("its lease ran out");
                        return;
                    }
                    later(ttl.dividedBy(3), this::renew);
                }));
    }

    private void lost(String why) {
        Term before = term;
        term = null;
        LOG.warn("{}: {} lost the task: {}", key, holder, why);
        if (before != null) {
            store.revoke(before.lease);
        }
        listener.onLost();
        campaign();
    }

    /** Gives the task up at once. The listener is not told. */
    @Override
    public void close() {
        closed = true;
        Term now = term;
        term = null;
        try {
            executor.execute(this::unwatch);
        } catch (RejectedExecutionException e) {
            unwatch();
        }
        if (now != null) {
            store.revoke(now.lease);
        }
    }
}
