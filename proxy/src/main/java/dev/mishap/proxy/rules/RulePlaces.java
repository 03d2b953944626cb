package dev.mishap.proxy.rules;

import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.InstalledRule;
import dev.mishap.rules.RuleStatus;
import dev.mishap.rules.Safeguards;
import io.netty.util.concurrent.Ticker;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The rules that stand in the configuration. They live as long as what they are part of, so nothing here keeps them: a route table
 * that nobody uses any more takes its rules with it.
 *
 * <p>A configuration that is read again, as when a server pushes a table in which something else has changed, finds its rules as they
 * were: ttl, ramp and draws go on. A rule that was taken out in between begins anew. Changes are made under one lock; the workers see them by volatile reads.
 */
public final class RulePlaces {
    private final Ticker ticker;
    private final RuleTimers timers;
    final RuleStats stats;
    private final LongSupplier seeds;
    private final KillSwitch kill;
    private final Gauge configured;
    final RuleEvents events;

    /** By site, the newest last. */
    private final Map<String, List<Place>> sites = new HashMap<>();

    /** By site, those that something serves with; what serves no more may still be held by streams that began with it. */
    private final Map<String, List<PlacedRules>> serving = new TreeMap<>();

    /** Does not keep the rules, but what they did. */
    private record Place(WeakReference<PlacedRules> rules, PlacedRules.Counts counts) {
        boolean isGone() {
            return rules.get() == null;
        }
    }

    private int made;
    private Safeguards safeguards = Safeguards.NONE;
    private volatile boolean suspended;
    private volatile Runnable onChange = () -> {};

    RulePlaces(
            Ticker ticker,
            RuleTimers timers,
            Scope mishap,
            RuleStats stats,
            LongSupplier seeds,
            KillSwitch kill,
            RuleEvents events) {
        this.events = events;
        this.kill = kill;
        this.ticker = ticker;
        this.timers = timers;
        this.stats = stats;
        configured = mishap.gauge("rules.configured");
        this.seeds = seeds;
    }

    /** Sets what is told when rules of some place have changed. */
    void onChange(Runnable listener) {
        onChange = listener;
    }

    /** The clock of ttls and ramps. */
    public long nanoTime() {
        return ticker.nanoTime();
    }

    /** Tells those who execute rules that a place has others now. */
    public void changed() {
        onChange.run();
    }

    /** What ends all faults. */
    public KillSwitch killSwitch() {
        return kill;
    }

    boolean isSuspended() {
        return suspended;
    }

    /**
     * The rules of a place that has one configuration at a time, such as a filter: a rule that replaces one of the same name and
     * experiment goes on with its counts and limits.
     *
     * @param site what tells the place from others, for people, too
     */
    public PlacedRules replace(String site, List<FaultRule> rules) {
        return put(site, rules, true);
    }

    /** The rules of one of many configurations of a kind, such as those of routes; equal ones are one. */
    public PlacedRules share(String site, List<FaultRule> rules) {
        return put(site, rules, false);
    }

    private synchronized PlacedRules put(String site, List<FaultRule> rules, boolean successor) {
        if (++made % 1024 == 0) {
            prune();
        }
        List<PlacedRules> known = alive(site);
        Map<FaultRule, InstalledRule> before = new HashMap<>();
        for (PlacedRules each : known) {
            if (each.isWhole() && each.rules().equals(rules)) {
                return each;
            }
            each.standing().forEach(rule -> before.put(rule.rule(), rule));
        }
        PlacedRules last = successor && !known.isEmpty() ? known.get(known.size() - 1) : null;
        List<InstalledRule> installed = new ArrayList<>();
        for (FaultRule rule : rules) {
            InstalledRule same = before.get(rule);
            installed.add(same == null ? install(rule, last) : same);
        }
        PlacedRules placed = new PlacedRules(this, site, installed, last);
        sites.computeIfAbsent(site, s -> new ArrayList<>(1)).add(new Place(new WeakReference<>(placed), placed.counts));
        schedule(new WeakReference<>(placed), placed.nextEndNanos());
        return placed;
    }

    /** A changed rule keeps the seed that its predecessor was given. */
    private InstalledRule install(FaultRule rule, @Nullable PlacedRules last) {
        if (last != null && rule.seed() == null) {
            for (InstalledRule each : last.installed) {
                if (each.rule().name().equals(rule.name())) {
                    return new InstalledRule(rule, nanoTime(), each.seed());
                }
            }
        }
        return InstalledRule.of(rule, nanoTime(), seeds);
    }

    private List<PlacedRules> alive(String site) {
        List<Place> known = sites.getOrDefault(site, List.of());
        List<PlacedRules> alive = new ArrayList<>(known.size());
        for (Place each : known) {
            PlacedRules placed = each.rules().get();
            if (placed != null) {
                alive.add(placed);
            }
        }
        return alive;
    }

    private void prune() {
        sites.values()
                .forEach(known -> known.removeIf(each -> {
                    boolean gone = each.isGone();
                    if (gone) {
                        each.counts().show();
                        each.counts().letGo();
                    }
                    return gone;
                }));
        sites.values().removeIf(List::isEmpty);
    }

    /** All places that are in use. */
    private List<PlacedRules> all() {
        List<PlacedRules> all = new ArrayList<>();
        sites.keySet().forEach(site -> all.addAll(alive(site)));
        return all;
    }

    // ---- those that serve ----

    /** A place begins to serve with these. */
    synchronized void began(PlacedRules placed) {
        List<PlacedRules> others = serving.getOrDefault(placed.site, List.of());
        for (FaultRule rule : placed.alive()) {
            if (others.stream().noneMatch(other -> other.rules().contains(rule))) {
                boolean replaces = others.stream().anyMatch(other -> other.isAlive(rule));
                events.add(
                        replaces ? RuleEvents.Kind.REPLACED : RuleEvents.Kind.STARTED, rule, "in " + placed.site, null);
            }
        }
        serving.computeIfAbsent(placed.site, s -> new ArrayList<>(1)).add(placed);
        count();
    }

    /** No place serves with these any more. */
    void ended(PlacedRules placed) {
        boolean released = false;
        synchronized (this) {
            List<PlacedRules> others = serving.getOrDefault(placed.site, List.of());
            others.remove(placed);
            if (others.isEmpty()) {
                serving.remove(placed.site);
            }
            for (FaultRule rule : placed.rules()) {
                if (others.stream().noneMatch(other -> other.has(rule))) {
                    placed.takeOut(rule);
                }
            }
            for (FaultRule rule : placed.alive()) {
                if (others.stream().noneMatch(other -> other.isAlive(rule))) {
                    events.add(
                            RuleEvents.Kind.STOPPED,
                            rule,
                            "it was taken out of " + placed.site,
                            placed.status(rule.name()));
                    released |= placed.end(rule.name());
                }
            }
            count();
        }
        if (released) {
            kill.holds().rulesEnded();
        }
    }

    /** Whether others serve with the same rule in the same place, where its ttl is not over. Under the lock. */
    boolean goesOn(PlacedRules than, FaultRule rule) {
        return serving.getOrDefault(than.site, List.of()).stream()
                .anyMatch(other -> other != than && other.isAlive(rule));
    }

    private void count() {
        configured.set(serving.values().stream()
                .flatMap(List::stream)
                .mapToInt(each -> each.alive().size())
                .sum());
    }

    /** A rule of the configuration that is in place, and what it has done. */
    record Configured(String site, FaultRule rule, RuleStatus status, long leftNanos, boolean dryRun) {}

    /** The rules that places serve with, by site. */
    synchronized List<Configured> configured() {
        List<Configured> all = new ArrayList<>();
        serving.values().forEach(each -> each.forEach(placed -> placed.describe(all)));
        return all;
    }

    private void schedule(WeakReference<PlacedRules> reference, long nanos) {
        if (nanos != Long.MAX_VALUE) {
            timers.schedule(() -> expire(reference), nanos);
        }
    }

    private void expire(WeakReference<PlacedRules> reference) {
        boolean ended;
        synchronized (this) {
            PlacedRules placed = reference.get();
            if (placed == null) {
                return;
            }
            ended = placed.expire();
            schedule(reference, placed.nextEndNanos());
            count();
        }
        if (ended) {
            kill.holds().rulesEnded();
            onChange.run();
        }
    }

    Safeguards safeguards() {
        return safeguards;
    }

    /** Puts all rules of the configuration under what holds for every rule of the proxy. */
    void safeguard(Safeguards all) {
        synchronized (this) {
            safeguards = all;
            all().forEach(PlacedRules::recompile);
        }
        onChange.run();
    }

    /** Holds all rules of the configuration back, or lets them act again; at once for whatever comes next. */
    void suspend(boolean hold) {
        suspended = hold;
        synchronized (this) {
            all().forEach(PlacedRules::publish);
        }
        onChange.run();
    }

    /** Brings {@code mishap.rule.*} in /stats up to date. */
    synchronized void showCounts() {
        sites.values().forEach(known -> known.forEach(each -> each.counts().show()));
        prune();
    }

    /** The rules of the configuration that are in place, by site. */
    public synchronized Map<String, List<FaultRule>> standing() {
        Map<String, List<FaultRule>> standing = new HashMap<>();
        for (PlacedRules each : all()) {
            standing.computeIfAbsent(each.site, s -> new ArrayList<>())
                    .addAll(each.active().rules().rules());
        }
        return standing;
    }
}
