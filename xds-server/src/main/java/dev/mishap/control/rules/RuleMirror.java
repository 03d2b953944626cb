package dev.mishap.control.rules;

import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Event;
import dev.mishap.control.store.Page;
import dev.mishap.control.store.PersistentMap;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Watch;
import dev.mishap.control.store.WatchListener;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows the rules in the store: reads them once, then watches. When the watch is too late it reads again and tells the difference. */
final class RuleMirror implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RuleMirror.class);
    private static final long RETRY_SECONDS = 1;

    private record Waiter(long revision, CompletableFuture<RuleSnapshot> seen) {}

    private final Store store;
    private final ScheduledExecutorService executor;
    private final BiConsumer<RuleSnapshot, Set<RuleKey>> onSnapshot;
    private final PriorityBlockingQueue<Waiter> waiters =
            new PriorityBlockingQueue<>(16, Comparator.comparingLong(Waiter::revision));
    private volatile RuleSnapshot snapshot = RuleSnapshot.EMPTY;
    /** Up to where the store was read; at least the snapshot's revision. */
    private volatile long seen;

    private volatile boolean closed;
    private @Nullable Watch watch;

    /** @param onSnapshot told of each snapshot and the rules that changed, on a thread of the store; must be short */
    RuleMirror(Store store, ScheduledExecutorService executor, BiConsumer<RuleSnapshot, Set<RuleKey>> onSnapshot) {
        this.store = store;
        this.executor = executor;
        this.onSnapshot = onSnapshot;
    }

    RuleSnapshot snapshot() {
        return snapshot;
    }

    /** Reads all; completes when the snapshot is there and the watch goes on from it. */
    CompletionStage<@Nullable Void> start() {
        return read(null, 0, new RuleSnapshot(0, PersistentMap.empty(), KillSwitch.OFF, Map.of()))
                .thenAccept(read -> {
                    publish(read, read.revision(), difference(snapshot, read));
                    synchronized (this) {
                        if (!closed) {
                            watch = store.watch(RuleCodec.LIVE, read.revision() + 1, new Follower());
                        }
                    }
                })
                .thenApply(done -> null);
    }

    private CompletionStage<RuleSnapshot> read(@Nullable String after, long revision, RuleSnapshot so) {
        return store.list(RuleCodec.LIVE, after, Store.MAX_PAGE, revision).thenCompose(page -> {
            RuleSnapshot next = add(so, page);
            return page.more()
                    ? read(page.entries().get(page.entries().size() - 1).key(), page.revision(), next)
                    : CompletableFuture.completedStage(next);
        });
    }

    private static RuleSnapshot add(RuleSnapshot snapshot, Page page) {
        RuleSnapshot next = snapshot;
        for (Entry entry : page.entries()) {
            next = put(next, page.revision(), entry);
        }
        return new RuleSnapshot(page.revision(), next.map(), next.killSwitch(), next.unreadable());
    }

    private static RuleSnapshot put(RuleSnapshot snapshot, long revision, Entry entry) {
        try {
            if (entry.key().equals(RuleCodec.KILL_SWITCH)) {
                return snapshot.with(revision, RuleCodec.readKillSwitch(entry));
            }
            RuleKey key = RuleCodec.rule(entry.key());
            StoredRule rule = RuleCodec.read(entry);
            if (!rule.key().equals(key)) {
                throw new IllegalArgumentException("holds the rule " + rule.key());
            }
            return snapshot.with(revision, rule).withUnreadable(revision, entry.key(), null);
        } catch (RuntimeException e) {
            LOG.warn("the store's {} can't be read and does not act: {}", entry.key(), e.getMessage());
            return delete(snapshot, revision, entry.key())
                    .withUnreadable(revision, entry.key(), String.valueOf(e.getMessage()));
        }
    }

    private static RuleSnapshot delete(RuleSnapshot snapshot, long revision, String storeKey) {
        RuleKey key = RuleCodec.rule(storeKey);
        RuleSnapshot next = storeKey.equals(RuleCodec.KILL_SWITCH) ? snapshot.with(revision, KillSwitch.OFF) : snapshot;
        return (key == null ? next : next.without(revision, key)).withUnreadable(revision, storeKey, null);
    }

    /** Completes when the snapshot holds that revision. */
    CompletionStage<RuleSnapshot> awaitRevision(long revision) {
        if (seen >= revision || closed) {
            return CompletableFuture.completedStage(snapshot);
        }
        Waiter waiter = new Waiter(revision, new CompletableFuture<>());
        waiters.add(waiter);
        if (seen >= revision || closed) {
            release(closed ? Long.MAX_VALUE : seen);
        }
        return waiter.seen;
    }

    private void publish(RuleSnapshot next, long revision, Set<RuleKey> changes) {
        boolean changed = next != snapshot;
        snapshot = next;
        seen = revision;
        if (changed) {
            onSnapshot.accept(next, changes);
        }
        release(revision);
    }

    private void release(long revision) {
        for (Waiter first = waiters.peek(); first != null && first.revision <= revision; first = waiters.peek()) {
            // Two threads may be here: what one takes out is completed by it, whether or not it is what it looked at.
            Waiter taken = waiters.poll();
            if (taken != null && taken.revision <= revision) {
                taken.seen.complete(snapshot);
            } else if (taken != null) {
                waiters.add(taken);
            }
        }
    }

    private final class Follower implements WatchListener {
        @Override
        public void onEvents(long revision, List<Event> events) {
            RuleSnapshot next = snapshot;
            Set<RuleKey> changes = new HashSet<>();
            for (Event event : events) {
                RuleKey key = RuleCodec.rule(event.key());
                if (key != null) {
                    changes.add(key);
                }
                next = event instanceof Event.Put put
                        ? put(next, revision, put.entry())
                        : delete(next, revision, event.key());
            }
            publish(next, revision, changes);
        }

        @Override
        public void onProgress(long revision) {
            publish(snapshot, Math.max(seen, revision), Set.of());
        }

        @Override
        public void onEnd(StoreException reason) {
            if (closed) {
                return;
            }
            LOG.warn("the rules are read anew: {}", reason.getMessage());
            again();
        }
    }

    private void again() {
        executor.schedule(
                () -> start().whenComplete((done, failure) -> {
                    if (failure != null && !closed) {
                        LOG.warn(
                                "the rules can't be read: {}",
                                StoreException.unwrap(failure).getMessage());
                        again();
                    }
                }),
                RETRY_SECONDS,
                TimeUnit.SECONDS);
    }

    /** The rules that differ between two snapshots. */
    static Set<RuleKey> difference(RuleSnapshot before, RuleSnapshot after) {
        Set<RuleKey> changed = new HashSet<>();
        before.forEach(rule -> {
            StoredRule now = after.get(rule.key());
            if (now == null || now.revision() != rule.revision() || !Objects.equals(now.uid(), rule.uid())) {
                changed.add(rule.key());
            }
        });
        after.forEach(rule -> {
            if (before.get(rule.key()) == null) {
                changed.add(rule.key());
            }
        });
        return changed;
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            if (watch != null) {
                watch.close();
            }
        }
        release(Long.MAX_VALUE);
    }
}
