package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.KillSwitch;
import dev.mishap.control.rules.RuleChange;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.control.rules.RuleRegistry;
import dev.mishap.control.rules.RuleRegistry.Filter;
import dev.mishap.control.rules.RuleSnapshot;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.control.security.Caller;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells watchers what changes. The registry tells the hub, which keeps the changes of late, so that a watcher who was cut off goes on
 * where it was; one who was away for longer lists again. All watchers are told on one thread and must not hold it up.
 */
final class WatchHub implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("mishap.watch");

    /** Changed rules that are remembered. */
    private static final int MAX_REMEMBERED = 10_000;

    static final int MAX_WATCHERS = 2000;

    /** Of one caller: each holds a connection, and one caller must not have all that there are. */
    static final int MAX_OF_ONE = 500;

    private static final long BOOKMARK_SECONDS = 10;
    /** How long after its end a token's watch ends at the latest. Nothing is told in between. */
    private static final long STANDING_SECONDS = 1;

    /** Of a millisecond each. */
    private static final int CATCH_UP_ATTEMPTS = 1000;

    /** Is told one change after the other, on the hub's thread. */
    interface Watcher {
        /**
         * Changes that go together.
         *
         * @param revision where a watcher can go on from after them
         * @return false = the watcher is gone
         */
        boolean onEvents(long revision, List<Event> events);

        /** Nothing has happened up to here that was not told. */
        boolean onBookmark(long revision);

        /** It is told no more, for this reason. */
        void onEnd(ProblemException why);
    }

    /**
     * A rule or the kill switch has changed.
     *
     * @param type ADDED, MODIFIED, DELETED, KILL_SWITCH
     * @param rule as it is, or was at its end; null for the kill switch
     */
    record Event(String type, @Nullable StoredRule rule, KillSwitch killSwitch) {}

    private record Remembered(
            long before,
            long revision,
            List<Change> changes,
            @Nullable KillSwitch killSwitch) {}

    private record Change(
            @Nullable StoredRule before, @Nullable StoredRule after) {}

    private record Subscriber(Caller caller, Filter filter, Watcher watcher, AtomicBoolean counted) {
        /** Whether it may be told; one whose token is gone is told that, and no more. */
        boolean mayBeTold() {
            if (caller.inGoodStanding()) {
                return true;
            }
            watcher.onEnd(new ProblemException(
                    ProblemKind.UNAUTHENTICATED, "what " + caller.name() + " was known by has expired or is revoked"));
            return false;
        }
    }

    private final RuleRegistry registry;
    private final ScheduledThreadPoolExecutor executor;
    private final RuleRegistry.Subscription subscription;
    private final Object lock = new Object();
    private @Nullable RuleChange pending;
    // Of the hub's thread.
    private final Set<Subscriber> subscribers = new LinkedHashSet<>();
    private final ArrayDeque<Remembered> memory = new ArrayDeque<>();
    private int remembered;
    private RuleSnapshot current = RuleSnapshot.EMPTY;
    private long oldest = Long.MAX_VALUE;
    private volatile int count;
    /** Watches by {@link #whose}; of any thread. */
    private final Map<String, Integer> perCaller = new ConcurrentHashMap<>();

    WatchHub(RuleRegistry registry) {
        this.registry = registry;
        executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "mishap-watch");
            thread.setDaemon(true);
            return thread;
        });
        executor.setRemoveOnCancelPolicy(true);
        subscription = registry.subscribe(this::offer);
        executor.scheduleWithFixedDelay(this::bookmarks, BOOKMARK_SECONDS, BOOKMARK_SECONDS, TimeUnit.SECONDS);
        executor.scheduleWithFixedDelay(this::standing, STANDING_SECONDS, STANDING_SECONDS, TimeUnit.SECONDS);
    }

    /** On the registry's thread: hands over, and joins what the hub has not taken yet. */
    private void offer(RuleChange change) {
        synchronized (lock) {
            if (pending == null) {
                pending = change;
                try {
                    executor.execute(this::take);
                } catch (RejectedExecutionException e) {
                    // Closed.
                }
            } else {
                Set<RuleKey> keys = new HashSet<>(pending.changed());
                keys.addAll(change.changed());
                pending = new RuleChange(pending.before(), change.after(), keys);
            }
        }
    }

    private void take() {
        RuleChange change;
        synchronized (lock) {
            change = pending;
            pending = null;
        }
        if (change == null) {
            return;
        }
        RuleSnapshot before = current;
        current = change.after();
        if (oldest == Long.MAX_VALUE) {
            // What was there at the start; nobody has watched yet, or they wait for it.
            oldest = current.revision();
            return;
        }
        List<Change> changes = new ArrayList<>();
        for (RuleKey key : new TreeSet<>(change.changed())) {
            StoredRule was = before.get(key);
            StoredRule is = current.get(key);
            if (was != null || is != null) {
                changes.add(new Change(was, is));
            }
        }
        KillSwitch killSwitch = before.killSwitch().equals(current.killSwitch()) ? null : current.killSwitch();
        if (changes.isEmpty() && killSwitch == null) {
            return;
        }
        Remembered one = new Remembered(before.revision(), current.revision(), changes, killSwitch);
        memory.add(one);
        remembered += changes.size() + 1;
        while (remembered > MAX_REMEMBERED && memory.size() > 1) {
            Remembered first = memory.remove();
            remembered -= first.changes.size() + 1;
            oldest = first.revision;
        }
        keep(subscriber -> subscriber.mayBeTold() && tell(subscriber, one));
    }

    /** Those for whom it holds. */
    private void keep(Predicate<Subscriber> alive) {
        subscribers.removeIf(subscriber -> {
            boolean gone = !alive(() -> alive.test(subscriber));
            if (gone) {
                uncount(subscriber);
            }
            return gone;
        });
        count = subscribers.size();
    }

    private static String whose(Caller caller) {
        return caller.name().equals(Caller.ANONYMOUS) ? caller.address() : caller.name();
    }

    private void uncount(Subscriber subscriber) {
        if (subscriber.counted.compareAndSet(true, false)) {
            perCaller.computeIfPresent(whose(subscriber.caller), (caller, n) -> n == 1 ? null : n - 1);
        }
    }

    /** Whether one more watch of a caller can be. @throws ProblemException when not */
    void requireRoom(Caller caller) {
        String full = count >= MAX_WATCHERS
                ? "there are " + MAX_WATCHERS + " watchers already"
                : perCaller.getOrDefault(whose(caller), 0) >= MAX_OF_ONE
                        ? whose(caller) + " has " + MAX_OF_ONE + " watches already"
                        : null;
        if (full != null) {
            throw new ProblemException(ProblemKind.TOO_MANY, full).with("retry-after", "5");
        }
    }

    /** One watcher that fails must not keep the others from being told. */
    private static boolean alive(BooleanSupplier told) {
        try {
            return told.getAsBoolean();
        } catch (RuntimeException e) {
            LOG.error("a watcher of the rules fails and is told no more", e);
            return false;
        }
    }

    private static boolean tell(Subscriber subscriber, Remembered what) {
        List<Event> events = new ArrayList<>();
        for (Change change : what.changes) {
            boolean was = change.before != null && subscriber.filter.matches(change.before);
            boolean is = change.after != null && subscriber.filter.matches(change.after);
            if (is) {
                boolean same = change.before != null
                        && change.after != null
                        && change.before.uid().equals(change.after.uid());
                events.add(new Event(was && same ? "MODIFIED" : "ADDED", change.after, KillSwitch.OFF));
            } else if (was) {
                events.add(new Event("DELETED", change.before, KillSwitch.OFF));
            }
        }
        if (what.killSwitch != null) {
            events.add(new Event("KILL_SWITCH", null, what.killSwitch));
        }
        return events.isEmpty() || subscriber.watcher.onEvents(what.revision, events);
    }

    private void bookmarks() {
        keep(subscriber -> subscriber.mayBeTold() && subscriber.watcher.onBookmark(current.revision()));
    }

    private void standing() {
        keep(Subscriber::mayBeTold);
    }

    /** How many watch. */
    int count() {
        return count;
    }

    /**
     * A place from which a watcher may go on, checked before it is answered. One that is not reached yet is of a store that was there
     * before this one (in memory, or before a restore), or of a replica that is ahead: to go on from it would tell nothing of what
     * there is.
     */
    void requireKept(long from) {
        try {
            boolean kept = executor.submit(() -> {
                        take();
                        return from >= oldest && from <= registry.snapshot().revision();
                    })
                    .get(5, TimeUnit.SECONDS);
            if (!kept) {
                throw new ProblemException(
                        ProblemKind.GONE,
                        "revision " + from + " is too long ago, or of another life of this server; watch without"
                                + " last-event-id, which begins with all there is");
            }
        } catch (ProblemException e) {
            throw e;
        } catch (Exception e) {
            throw new ProblemException(ProblemKind.UNAVAILABLE, "the server is too busy or closing; try again");
        }
    }

    /**
     * Begins to tell a watcher.
     *
     * @param caller who watches, for as long as they are known
     * @param from the revision that it has seen; 0 = none: it is told all there is first
     * @return ends it
     */
    Runnable watch(Caller caller, Filter filter, long from, Watcher watcher) {
        Subscriber subscriber = new Subscriber(caller, filter, watcher, new AtomicBoolean(true));
        perCaller.merge(whose(caller), 1, Integer::sum);
        begin(subscriber, from, registry.snapshot().revision(), CATCH_UP_ATTEMPTS);
        return () -> execute(() -> {
            subscribers.remove(subscriber);
            uncount(subscriber);
            count = subscribers.size();
        });
    }

    /** Once the hub has been told what the caller may have seen done already, it begins. */
    private void begin(Subscriber subscriber, long from, long revision, int attempts) {
        Filter filter = subscriber.filter;
        Watcher watcher = subscriber.watcher;
        execute(() -> {
            take();
            if (current.revision() < revision && attempts > 0) {
                try {
                    executor.schedule(() -> begin(subscriber, from, revision, attempts - 1), 1, TimeUnit.MILLISECONDS);
                } catch (RejectedExecutionException e) {
                    watcher.onEnd(closing());
                }
                return;
            }
            if (from != 0 && from < oldest) {
                // What it has missed went out of memory since it was checked.
                uncount(subscriber);
                watcher.onEnd(new ProblemException(
                        ProblemKind.GONE, "revision " + from + " is too long ago; watch from the start"));
                return;
            }
            boolean alive = subscriber.mayBeTold();
            if (!alive) {
                uncount(subscriber);
                return;
            }
            if (from == 0) {
                List<Event> events = new ArrayList<>();
                current.forEach(rule -> {
                    if (filter.matches(rule)) {
                        events.add(new Event("ADDED", rule, KillSwitch.OFF));
                    }
                });
                if (current.killSwitch().revision() > 0) {
                    events.add(new Event("KILL_SWITCH", null, current.killSwitch()));
                }
                alive = events.isEmpty() || watcher.onEvents(current.revision(), events);
            } else {
                for (Remembered each : memory) {
                    alive = alive && (each.revision <= from || tell(subscriber, each));
                }
            }
            if (alive && watcher.onBookmark(current.revision())) {
                subscribers.add(subscriber);
                count = subscribers.size();
            } else {
                uncount(subscriber);
            }
        });
    }

    private static ProblemException closing() {
        return new ProblemException(ProblemKind.UNAVAILABLE, "the server is closing");
    }

    private void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            // Closed: its watchers were told.
        }
    }

    @Override
    public void close() {
        subscription.close();
        execute(() -> {
            subscribers.forEach(subscriber -> subscriber.watcher.onEnd(closing()));
            subscribers.clear();
        });
        executor.shutdown();
    }
}
