package dev.mishap.control.store.local;

import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Event;
import dev.mishap.control.store.Lease;
import dev.mishap.control.store.Page;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.Watch;
import dev.mishap.control.store.WatchListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store within the process. Writes wait in a bounded queue for one thread, which takes all that wait, checks and applies them one
 * after the other, has the journal make them durable with a single sync, and only then lets anybody see them.
 */
public final class LocalStore implements Store {
    private static final Logger LOG = LoggerFactory.getLogger(LocalStore.class);
    private static final int QUEUE = 8192;
    /** Writes of one sync. */
    private static final int BATCH = 1024;

    private static final int BATCH_BYTES = 8 << 20;

    private final Journal journal;
    private final History history;
    private final Watches watches;
    private final Leases leases;
    private final BlockingQueue<Command> queue = new ArrayBlockingQueue<>(QUEUE);
    private final ExecutorService watcher;
    private final Thread writer;
    private volatile boolean closed;
    private volatile StoreException.@Nullable Unavailable failed;

    /** What waits for the writer. */
    private static final class Command {
        /** What to do; null = nothing, but in its turn. */
        private interface Work {
            @Nullable
            Change evaluate(State state);
        }

        private final Work work;
        private final int bytes;
        private final CompletableFuture<Long> done = new CompletableFuture<>();

        private Command(Work work, int bytes) {
            this.work = work;
            this.bytes = bytes;
        }
    }

    /** A store that is gone with the process. */
    public static LocalStore inMemory() {
        return new LocalStore(Journal.NONE, State.EMPTY, List.of(), "memory");
    }

    /**
     * @param start the oldest state that is known
     * @param since what happened since then
     */
    LocalStore(Journal journal, State start, List<Change> since, String name) {
        this.journal = journal;
        history = new History(start, 10_000, 32 << 20);
        for (Change change : since) {
            List<Event> events = new ArrayList<>();
            history.publish(history.newest().after(change, events::add), events);
        }
        watcher = Executors.newSingleThreadExecutor(daemon("store-watch-" + name));
        watches = new Watches(history, watcher);
        leases = new Leases(this::expire, daemon("store-lease-" + name));
        history.newest().leases().forEachFrom(null, (lease, millis) -> {
            leases.add(lease, millis);
            return true;
        });
        writer = daemon("store-write-" + name).newThread(this::write);
        writer.start();
    }

    private static ThreadFactory daemon(String name) {
        return runnable -> {
            Thread thread = new Thread(runnable, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    @Override
    public CompletionStage<Optional<Entry>> get(String key) {
        Transaction.requireKey(key);
        return closed
                ? refused()
                : CompletableFuture.completedStage(
                        Optional.ofNullable(newest().entries().get(key)));
    }

    @Override
    public CompletionStage<Page> list(String prefix, @Nullable String after, int limit, long revision) {
        Transaction.requirePrefix(prefix);
        if (limit < 1 || limit > MAX_PAGE) {
            throw new IllegalArgumentException("limit must be 1 to " + MAX_PAGE + ", got " + limit);
        }
        if (closed) {
            return refused();
        }
        try {
            State state = revision == 0 ? newest() : history.at(revision);
            return CompletableFuture.completedStage(state.page(prefix, after, limit));
        } catch (StoreException | IllegalArgumentException e) {
            return CompletableFuture.failedStage(e);
        }
    }

    @Override
    public CompletionStage<Long> commit(Transaction transaction) {
        return submit(state -> state.evaluate(transaction), transaction.bytes());
    }

    @Override
    public Watch watch(String prefix, long from, WatchListener listener) {
        Watch watch = watches.add(Transaction.requirePrefix(prefix), from, listener);
        if (closed) {
            watches.end(closedNow());
        }
        return watch;
    }

    @Override
    public CompletionStage<Lease> grant(Duration ttl) {
        long millis = ttl.toMillis();
        if (millis <= 0) {
            throw new IllegalArgumentException("a lease must be at least 1 ms long, got " + ttl);
        }
        long id = Leases.newId();
        return submit(state -> new Change.Grant(id, millis), 0).thenApply(revision -> {
            leases.add(id, millis);
            return new Lease(id, Duration.ofMillis(millis));
        });
    }

    @Override
    public CompletionStage<Duration> keepAlive(long lease) {
        if (closed) {
            return refused();
        }
        Duration left = leases.renew(lease);
        return left == null
                ? CompletableFuture.failedStage(new StoreException.LeaseNotFound(lease))
                : CompletableFuture.completedStage(left);
    }

    @Override
    public CompletionStage<@Nullable Void> revoke(long lease) {
        return submit(state -> state.evaluateRevoke(lease), 0).thenApply(revision -> {
            leases.remove(lease);
            return null;
        });
    }

    /** Its time is over, unless it was renewed at the last moment. */
    private void expire(long lease) {
        submit(state -> leases.isOver(lease) ? state.evaluateRevoke(lease) : null, 0)
                .whenComplete((revision, failure) -> {
                    if (failure == null && newest().leases().get(lease) == null) {
                        leases.remove(lease);
                    } else {
                        leases.again(lease);
                    }
                });
    }

    @Override
    public CompletionStage<@Nullable Void> compact(long revision) {
        return submit(
                        state -> {
                            history.compact(revision);
                            return null;
                        },
                        0)
                .thenApply(done -> null);
    }

    @Override
    public CompletionStage<Long> revision() {
        return closed ? refused() : CompletableFuture.completedStage(newest().revision());
    }

    /** What is visible now. */
    State newest() {
        return history.newest();
    }

    private CompletableFuture<Long> submit(Command.Work work, int bytes) {
        Command command = new Command(work, bytes);
        StoreException.Unavailable failure = failed;
        if (failure != null) {
            return CompletableFuture.failedFuture(failure);
        }
        if (closed || !queue.offer(command)) {
            return CompletableFuture.failedFuture(
                    closed ? closedNow() : new StoreException.Unavailable(QUEUE + " writes are waiting already", null));
        }
        if (closed && queue.remove(command)) {
            return CompletableFuture.failedFuture(closedNow());
        }
        return command.done;
    }

    private static StoreException.Unavailable closedNow() {
        return new StoreException.Unavailable("the store is closed", null);
    }

    private static <T> CompletionStage<T> refused() {
        return CompletableFuture.failedStage(closedNow());
    }

    private void write() {
        List<Command> batch = new ArrayList<>(BATCH);
        while (true) {
            try {
                Command first = closed ? queue.poll() : queue.poll(1, TimeUnit.SECONDS);
                if (first == null) {
                    if (closed) {
                        return;
                    }
                    continue;
                }
                batch.add(first);
                for (int bytes = first.bytes; batch.size() < BATCH && bytes < BATCH_BYTES; ) {
                    Command next = queue.poll();
                    if (next == null) {
                        break;
                    }
                    bytes += next.bytes;
                    batch.add(next);
                }
                new Batch(history.newest()).run(batch);
            } catch (InterruptedException e) {
                LOG.warn("somebody interrupted the store's writer, which goes on");
            } catch (RuntimeException | Error e) {
                LOG.error("the store's writer fails", e);
                StoreException.Unavailable failure =
                        new StoreException.Unavailable("the store's writer failed: " + e, e, true);
                failed = failure;
                batch.forEach(c -> c.done.completeExceptionally(failure));
            }
            batch.clear();
        }
    }

    /** Commands that become durable together. */
    private final class Batch {
        private record Step(State state, List<Event> events) {}

        private final List<Change> changes = new ArrayList<>();
        private final List<Step> steps = new ArrayList<>();
        private State state;

        private Batch(State state) {
            this.state = state;
        }

        private void run(List<Command> commands) {
            List<Runnable> answers = new ArrayList<>(commands.size());
            for (Command command : commands) {
                answers.add(evaluate(command));
            }
            StoreException.Unavailable failure = failed;
            if (failure == null && !changes.isEmpty()) {
                failure = persist();
            }
            if (failure != null) {
                for (Command command : commands) {
                    command.done.completeExceptionally(failure);
                }
                return;
            }
            steps.forEach(step -> history.publish(step.state, step.events));
            answers.forEach(Runnable::run);
            watches.wake();
        }

        private Runnable evaluate(Command command) {
            try {
                Change change = command.work.evaluate(state);
                if (change != null) {
                    List<Event> events = new ArrayList<>();
                    state = state.after(change, events::add);
                    changes.add(change);
                    steps.add(new Step(state, List.copyOf(events)));
                }
                long revision = state.revision();
                return () -> command.done.complete(revision);
            } catch (StoreException | IllegalArgumentException e) {
                // Answered when the writes that it lost against are durable.
                return () -> command.done.completeExceptionally(e);
            }
        }

        private StoreException.@Nullable Unavailable persist() {
            try {
                journal.append(changes, state);
                return null;
            } catch (IOException e) {
                LOG.warn("{} writes are refused: {}", changes.size(), e.toString());
                return new StoreException.Unavailable("the store can't be written to: " + e.getMessage(), e);
            } catch (UncheckedIOException e) {
                LOG.error("the store takes no more writes: what is on the disk is not known", e);
                StoreException.Unavailable failure = new StoreException.Unavailable(
                        "the store's disk failed; it must be opened anew: " + e.getMessage(), e, true);
                failed = failure;
                return failure;
            }
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        leases.close();
        // Wakes the writer. Not by an interrupt, which would close a file that it writes to; a full queue keeps it
        // awake.
        queue.offer(new Command(state -> null, 0));
        try {
            writer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        watches.end(closedNow());
        watcher.shutdown();
        try {
            journal.close();
        } catch (IOException e) {
            LOG.warn("the store could not be closed cleanly: {}", e.toString());
        }
    }
}
