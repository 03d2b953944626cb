package dev.mishap.proxy.rules;

import dev.mishap.proxy.observe.stats.OwnedScope;
import dev.mishap.proxy.observe.stats.Scope;
import io.netty.util.concurrent.Ticker;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The stats that bear names of rules and experiments ({@code mishap.rule.<name>.*}, {@code mishap.experiment.<id>.*}). They stay for some time
 * after the last rule that had them, so that whoever collects stats sees the last counts, and are forgotten then: controllers make rules with
 * ever new names. Who comes back in time goes on counting. Safe for many threads.
 */
final class RuleStats {
    /** So long the stats of a name outlive its last rule. */
    static final long KEEP_NANOS = TimeUnit.MINUTES.toNanos(10);
    /** Of so many names without a rule; the longest gone is forgotten first. */
    static final int MAX_GONE = 1_000;

    private final Ticker ticker;
    private final RuleTimers timers;
    private final Scope mishap;
    private final Map<String, Held> all = new HashMap<>();
    /** Those that no rule has, the longest gone first. */
    private final Map<String, Held> gone = new LinkedHashMap<>();

    private boolean scheduled;

    /** The stats that begin with one prefix. */
    static final class Held {
        private final String prefix;
        private final OwnedScope scope;
        private int users;
        private long goneNanos;

        private Held(String prefix, OwnedScope scope) {
            this.prefix = prefix;
            this.scope = scope;
        }

        Scope scope() {
            return scope;
        }
    }

    RuleStats(Ticker ticker, RuleTimers timers, Scope mishap) {
        this.ticker = ticker;
        this.timers = timers;
        this.mishap = mishap;
    }

    /** Those of a rule of that name, until they are let go of. */
    Held rule(String name) {
        return hold("rule." + name + ".");
    }

    /** Those of an experiment; a rule without one has those of its name. */
    Held experiment(String id) {
        return hold("experiment." + id + ".");
    }

    private synchronized Held hold(String prefix) {
        Held held = all.computeIfAbsent(prefix, p -> new Held(p, mishap.owned(p)));
        if (held.users++ == 0) {
            gone.remove(prefix);
        }
        return held;
    }

    /** One user less. */
    synchronized void letGo(Held held) {
        if (--held.users > 0) {
            return;
        }
        held.goneNanos = ticker.nanoTime();
        gone.put(held.prefix, held);
        if (gone.size() > MAX_GONE) {
            forget(gone.values().iterator().next());
        }
        schedule();
    }

    private void forget(Held held) {
        gone.remove(held.prefix);
        all.remove(held.prefix);
        held.scope.close();
    }

    private void schedule() {
        if (!scheduled && !gone.isEmpty()) {
            scheduled = true;
            Held first = gone.values().iterator().next();
            long left = first.goneNanos + KEEP_NANOS - ticker.nanoTime();
            timers.schedule(this::sweep, left);
        }
    }

    private synchronized void sweep() {
        scheduled = false;
        long now = ticker.nanoTime();
        for (Held held : List.copyOf(gone.values())) {
            if (held.goneNanos + KEEP_NANOS - now > 0) {
                break;
            }
            forget(held);
        }
        schedule();
    }
}
