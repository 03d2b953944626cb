package dev.mishap.control.rules;

import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Leadership;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes rules whose time is over, and idempotency keys that are too old, where this replica has that task. All but the constructor runs
 * on the registry's thread.
 */
final class RuleExpiry implements RuleListener, Leadership.Listener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RuleExpiry.class);
    private static final Duration TTL = Duration.ofSeconds(5);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration SWEEP = Duration.ofMinutes(10);
    /** Deletions under way at one time. */
    private static final int CONCURRENT = 64;

    private record Due(Instant at, RuleKey key) {}

    private final Store store;
    private final RuleMirror mirror;
    private final RuleWrites writes;
    private final InstantSource clock;
    private final ScheduledExecutorService executor;
    private final Leadership leadership;
    /** The ends to come: one for each rule that has one, also where another replica has the task, which may become this one's. */
    private final TreeSet<Due> queue =
            new TreeSet<>(Comparator.comparing(Due::at).thenComparing(Due::key));

    private final Map<RuleKey, Due> byKey = new HashMap<>();

    private @Nullable ScheduledFuture<?> timer;
    private @Nullable ScheduledFuture<?> sweeper;
    private int underWay;

    RuleExpiry(
            Store store,
            RuleMirror mirror,
            RuleWrites writes,
            InstantSource clock,
            String holder,
            ScheduledExecutorService executor) {
        this.store = store;
        this.mirror = mirror;
        this.writes = writes;
        this.clock = clock;
        this.executor = executor;
        leadership = new Leadership(store, "expiry", holder, TTL, executor, this);
    }

    @Override
    public void onChange(RuleChange change) {
        for (RuleKey key : change.changed()) {
            StoredRule rule = change.after().get(key);
            forget(key);
            Instant expires = rule == null ? null : rule.expires();
            if (expires != null) {
                remember(new Due(expires, key));
            }
        }
        run();
    }

    private void remember(Due due) {
        byKey.put(due.key, due);
        queue.add(due);
    }

    private void forget(RuleKey key) {
        Due due = byKey.remove(key);
        if (due != null) {
            queue.remove(due);
        }
    }

    /** A rule that could not be ended, unless it has changed meanwhile and has another end. */
    private void again(Due due) {
        if (!byKey.containsKey(due.key)) {
            remember(due);
        }
        schedule(RETRY);
    }

    /** How many rules wait for their end. */
    int size() {
        return queue.size();
    }

    @Override
    public void onElected() {
        run();
        sweep();
    }

    @Override
    public void onLost() {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    /** Ends what is due, and comes back when the next is. */
    private void run() {
        if (!leadership.held()) {
            return;
        }
        Instant now = clock.instant();
        while (underWay < CONCURRENT) {
            if (queue.isEmpty()) {
                return;
            }
            Due first = queue.first();
            if (now.isBefore(first.at)) {
                schedule(Duration.between(now, first.at));
                return;
            }
            forget(first.key);
            StoredRule rule = mirror.snapshot().get(first.key);
            if (rule != null && rule.expired(now)) {
                end(rule, first);
            }
        }
    }

    private void schedule(Duration delay) {
        if (timer != null) {
            timer.cancel(false);
        }
        if (!executor.isShutdown()) {
            // Rounded up: a millisecond too early would be a turn for nothing.
            timer = executor.schedule(this::run, delay.toMillis() + 1, TimeUnit.MILLISECONDS);
        }
    }

    private void end(StoredRule rule, Due due) {
        underWay++;
        writes.expire(rule, leadership).whenComplete((revision, failure) -> {
            if (!executor.isShutdown()) {
                executor.execute(() -> ended(rule, due, failure));
            }
        });
    }

    private void ended(StoredRule rule, Due due, @Nullable Throwable failure) {
        underWay--;
        if (failure == null) {
            LOG.info("rule {} has ended: its time is over", rule.key());
        } else if (StoreException.unwrap(failure) instanceof StoreException.Conflict conflict) {
            LOG.debug("rule {} is not ended: {}", rule.key(), conflict.getMessage());
            if (leadership.isFenced(failure)) {
                again(due);
                return;
            }
        } else {
            LOG.warn("rule {} can't be ended: {}", rule.key(), failure.toString());
            again(due);
            return;
        }
        run();
    }

    private void sweep() {
        if (leadership.held() && !executor.isShutdown()) {
            sweep(null);
            if (sweeper != null) {
                sweeper.cancel(false);
            }
            sweeper = executor.schedule((Runnable) this::sweep, SWEEP.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void sweep(@Nullable String after) {
        Instant now = clock.instant();
        store.list(Idempotency.PREFIX, after, 100, 0).whenComplete((page, failure) -> {
            if (failure != null) {
                LOG.warn("old idempotency keys are kept for now: {}", failure.toString());
                return;
            }
            for (Entry entry : page.entries()) {
                if (!now.isBefore(Idempotency.until(entry))) {
                    store.commit(Transaction.builder()
                            .ifModRevision(entry.key(), entry.modRevision())
                            .delete(entry.key())
                            .build());
                }
            }
            if (page.more() && !executor.isShutdown()) {
                String last = page.entries().get(page.entries().size() - 1).key();
                executor.execute(() -> sweep(last));
            }
        });
    }

    @Override
    public void close() {
        leadership.close();
    }
}
