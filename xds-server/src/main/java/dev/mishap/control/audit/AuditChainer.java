package dev.mishap.control.audit;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Event;
import dev.mishap.control.store.Leadership;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.Watch;
import dev.mishap.control.store.WatchListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Moves new records into the chain, where it has that task. */
final class AuditChainer implements AutoCloseable, Leadership.Listener, WatchListener {
    private static final Logger LOG = LoggerFactory.getLogger(AuditChainer.class);
    private static final Duration TTL = Duration.ofSeconds(5);
    /** Records of one transaction. */
    private static final int BATCH = 40;

    /** Old entries of one transaction. */
    private static final int TRIM = 100;

    private static final int BATCH_BYTES = Transaction.MAX_BYTES / 2;

    private final Store store;
    private final int kept;
    private final ScheduledThreadPoolExecutor executor;
    private final Leadership leadership;
    private @Nullable Watch watch;
    private boolean busy;
    private boolean again;
    private boolean trimming;

    /** Where the chain ends. */
    record Head(long sequence, String hash) {
        static final Head EMPTY = new Head(0, AuditEntry.NONE);

        Bytes bytes() {
            return Bytes.utf8(sequence + " " + hash);
        }

        static Head parse(Bytes bytes) {
            String[] parts = bytes.utf8().split(" ", 2);
            return new Head(Long.parseLong(parts[0]), parts[1]);
        }
    }

    /** @param kept entries of the chain */
    AuditChainer(Store store, String holder, int kept) {
        this.store = store;
        this.kept = kept;
        executor = new ScheduledThreadPoolExecutor(1, runnable -> {
            Thread thread = new Thread(runnable, "audit");
            thread.setDaemon(true);
            return thread;
        });
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        leadership = new Leadership(store, "audit", holder, TTL, executor, this);
    }

    @Override
    public void onElected() {
        store.revision()
                .whenComplete((revision, failure) -> onThread(() -> {
                    if (failure != null || !leadership.held()) {
                        later();
                        return;
                    }
                    unwatch();
                    watch = store.watch(AuditLog.NEW, revision + 1, this);
                    step();
                }));
    }

    @Override
    public void onLost() {
        unwatch();
    }

    private void unwatch() {
        if (watch != null) {
            watch.close();
            watch = null;
        }
    }

    @Override
    public void onEvents(long revision, List<Event> events) {
        if (events.stream().anyMatch(e -> e instanceof Event.Put)) {
            onThread(this::step);
        }
    }

    @Override
    public void onEnd(StoreException reason) {
        onThread(this::later);
    }

    /** Something failed: begins anew in a while, if this is still the leader. */
    private void later() {
        try {
            executor.schedule(
                    () -> {
                        if (leadership.held()) {
                            onElected();
                        }
                    },
                    1,
                    TimeUnit.SECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("closed");
        }
    }

    private void onThread(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("closed");
        }
    }

    private void step() {
        if (busy) {
            again = true;
            return;
        }
        if (!leadership.held()) {
            return;
        }
        busy = true;
        again = false;
        store.list(AuditLog.NEW, null, Store.MAX_PAGE, 0)
                .thenCombine(store.get(AuditLog.HEAD), (page, head) -> {
                    List<Entry> waiting = new ArrayList<>(page.entries());
                    waiting.sort(Comparator.comparingLong(Entry::createRevision).thenComparing(Entry::key));
                    if (waiting.size() > BATCH || page.more()) {
                        again = true;
                    }
                    return transaction(waiting, head.orElse(null));
                })
                .thenCompose(transaction ->
                        transaction == null ? CompletableFuture.completedStage(0L) : store.commit(transaction))
                .whenComplete((revision, failure) -> onThread(() -> {
                    busy = false;
                    if (failure != null) {
                        LOG.warn(
                                "audit records wait: {}",
                                StoreException.unwrap(failure).toString());
                        later();
                    } else if (again) {
                        step();
                    } else {
                        trim();
                    }
                }));
    }

    /** The oldest entries go when there are too many. */
    private void trim() {
        if (trimming || !leadership.held()) {
            return;
        }
        trimming = true;
        store.get(AuditLog.START)
                .thenCombine(store.get(AuditLog.HEAD), (start, head) -> {
                    long oldest = start.map(e -> Head.parse(e.value()))
                            .orElse(Head.EMPTY)
                            .sequence();
                    long newest = head.map(e -> Head.parse(e.value()))
                            .orElse(Head.EMPTY)
                            .sequence();
                    int over = (int) Math.min(TRIM, newest - oldest - kept);
                    return over < TRIM
                            ? CompletableFuture.completedStage(false)
                            : store.list(AuditLog.LOG, null, over, 0)
                                    .thenCompose(page -> store.commit(without(page.entries(), start.orElse(null))))
                                    .thenApply(revision -> true);
                })
                .thenCompose(more -> more)
                .whenComplete((more, failure) -> onThread(() -> {
                    trimming = false;
                    if (failure != null) {
                        LOG.warn(
                                "old audit records are kept for now: {}",
                                StoreException.unwrap(failure).toString());
                    } else if (more) {
                        trim();
                    }
                }));
    }

    private Transaction without(List<Entry> oldest, @Nullable Entry start) {
        AuditEntry last = AuditEntry.parse(oldest.get(oldest.size() - 1).value().utf8());
        Transaction.Builder builder = leadership
                .fence(Transaction.builder())
                .ifModRevision(AuditLog.START, start == null ? 0 : start.modRevision())
                .put(AuditLog.START, new Head(last.sequence(), last.hash()).bytes());
        oldest.forEach(entry -> builder.delete(entry.key()));
        return builder.build();
    }

    private @Nullable Transaction transaction(List<Entry> waiting, @Nullable Entry headEntry) {
        if (waiting.isEmpty()) {
            return null;
        }
        Head head = headEntry == null ? Head.EMPTY : Head.parse(headEntry.value());
        Transaction.Builder builder = leadership.fence(Transaction.builder());
        builder.ifModRevision(AuditLog.HEAD, headEntry == null ? 0 : headEntry.modRevision());
        int bytes = 0;
        for (Entry entry : waiting.subList(0, Math.min(BATCH, waiting.size()))) {
            bytes += entry.value().length();
            if (bytes > BATCH_BYTES && bytes > entry.value().length()) {
                again = true;
                break;
            }
            AuditEntry chained = AuditEntry.chain(
                    head.sequence() + 1, head.hash(), entry.value().utf8());
            builder.put(AuditLog.key(chained.sequence()), Bytes.utf8(chained.line()));
            builder.delete(entry.key());
            head = new Head(chained.sequence(), chained.hash());
        }
        return builder.put(AuditLog.HEAD, head.bytes()).build();
    }

    @Override
    public void close() {
        leadership.close();
        onThread(this::unwatch);
        executor.shutdown();
    }
}
