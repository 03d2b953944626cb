package dev.mishap.proxy.xds;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The names of resources that requests have asked for, and the requests that wait for them. A request asks from its own loop and is told
 * there; all else happens on the main loop.
 *
 * <p>Clients choose these names, so that there are at most so many: of those that are not there and that nobody waits for, the oldest goes when another
 * one comes. When all are in use, no more are asked for.
 */
public final class OnDemandNames {
    /** Names of one source at a time. */
    public static final int LIMIT = 10_000;

    private static final int MAX_NAME = 1024;

    /** Names up to which a question is asked at once; one of more names takes time, and waits for others that come. */
    private static final int FEW = 100;

    private static final long PAUSE_MILLIS = 10;

    private final ScheduledExecutorService main;
    private final Owner owner;
    private final int limit;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Set<String> waitedFor = new LinkedHashSet<>();
    private boolean asking;
    private boolean closed;

    /** Whose names they are. Called on the main loop. */
    public interface Owner {
        /** The names are these from now on. */
        void ask(Set<String> names);

        /** Whether there is such a resource, so that nobody has to wait for it. */
        boolean isThere(String name);
    }

    private static final class Entry {
        final List<Waiter> waiters = new ArrayList<>(1);
        /** Whether the server has said that there is none. */
        boolean answered;

        @Nullable
        Future<?> timer;
    }

    /** A request that waits. */
    public final class Waiter {
        private final String name;
        private final Executor loop;
        private final Runnable done;
        /** On the request's loop. */
        private boolean cancelled;

        Waiter(String name, Executor loop, Runnable done) {
            this.name = name;
            this.loop = loop;
            this.done = done;
        }

        /** Ends the wait; on the request's loop. */
        public void cancel() {
            cancelled = true;
            execute(main, () -> forget(this));
        }

        private void tell() {
            execute(loop, () -> {
                if (!cancelled) {
                    cancelled = true;
                    done.run();
                }
            });
        }
    }

    /** @param limit of names */
    public OnDemandNames(ScheduledExecutorService main, int limit, Owner owner) {
        this.main = main;
        this.limit = limit;
        this.owner = owner;
    }

    /** Whether a server may be asked for a name that a client chose: short, printable, and without a meaning of its own. */
    public static boolean isPlain(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c <= ' ' || c >= 0x7f || c == '*') {
                return false;
            }
        }
        return !name.isEmpty() && name.length() <= MAX_NAME;
    }

    /**
     * Asks for a name, on the loop of the request.
     *
     * @param timeoutNanos the longest that anybody waits for this name, from the first who does; 0 = as long as it takes
     * @param done runs on {@code loop}, later than this returns: the resource is there, or will not be
     */
    public Waiter want(String name, Executor loop, long timeoutNanos, Runnable done) {
        Waiter waiter = new Waiter(name, loop, done);
        execute(main, () -> add(waiter, timeoutNanos));
        return waiter;
    }

    private void add(Waiter waiter, long timeoutNanos) {
        String name = waiter.name;
        Entry entry = entries.get(name);
        if (closed || owner.isThere(name) || entry != null && entry.answered) {
            waiter.tell();
            return;
        }
        if (entry == null) {
            if (entries.size() >= limit && !evict()) {
                waiter.tell();
                return;
            }
            entry = new Entry();
            entries.put(name, entry);
            askSoon();
        }
        entry.waiters.add(waiter);
        waitedFor.add(name);
        if (timeoutNanos > 0 && entry.timer == null) {
            entry.timer = main.schedule(() -> answered(name, false), timeoutNanos, TimeUnit.NANOSECONDS);
        }
    }

    /** Many requests that come at once are one question, since each names all that is asked for. */
    private void askSoon() {
        if (asking) {
            return;
        }
        asking = true;
        if (entries.size() <= FEW) {
            execute(main, this::ask);
        } else {
            execute(task -> main.schedule(task, PAUSE_MILLIS, TimeUnit.MILLISECONDS), this::ask);
        }
    }

    private void ask() {
        asking = false;
        if (!closed) {
            owner.ask(Set.copyOf(entries.keySet()));
        }
    }

    private boolean evict() {
        for (Map.Entry<String, Entry> each : entries.entrySet()) {
            if (each.getValue().waiters.isEmpty() && !owner.isThere(each.getKey())) {
                entries.remove(each.getKey());
                return true;
            }
        }
        return false;
    }

    private void forget(Waiter waiter) {
        Entry entry = entries.get(waiter.name);
        if (entry != null && entry.waiters.remove(waiter) && entry.waiters.isEmpty()) {
            resume(waiter.name, entry);
        }
    }

    private void resume(String name, Entry entry) {
        Future<?> timer = entry.timer;
        entry.timer = null;
        if (timer != null) {
            timer.cancel(false);
        }
        waitedFor.remove(name);
        List<Waiter> all = List.copyOf(entry.waiters);
        entry.waiters.clear();
        all.forEach(Waiter::tell);
    }

    // ---- for the owner ----

    /**
     * Who waits for {@code name} waits no longer.
     *
     * @param forGood whether nobody has to wait for it again: what the server has of it is known
     */
    public void answered(String name, boolean forGood) {
        Entry entry = entries.get(name);
        if (entry != null) {
            entry.answered |= forGood;
            resume(name, entry);
        }
    }

    /** The same for all names that are waited for and that {@code which} takes. */
    public void answered(Predicate<String> which) {
        for (String name : List.copyOf(waitedFor)) {
            if (which.test(name)) {
                answered(name, false);
            }
        }
    }

    /** Nothing will be asked for any more: who waits goes on. */
    public void close() {
        closed = true;
        answered(name -> true);
        entries.clear();
    }

    private static void execute(Executor on, Runnable action) {
        try {
            on.execute(action);
        } catch (RejectedExecutionException e) {
            // The process ends, and with it what would wait.
        }
    }
}
