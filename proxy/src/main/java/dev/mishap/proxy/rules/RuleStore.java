package dev.mishap.proxy.rules;

import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.rules.Leases.Lease;
import dev.mishap.proxy.rules.Leases.LeaseRequest;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.InstalledRule;
import dev.mishap.rules.Protection;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.RuleStatus;
import dev.mishap.rules.Safeguards;
import dev.mishap.rules.Suppression;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.RuleWriter;
import io.netty.util.concurrent.Ticker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rules and observers that arrived by API, and their leases. Each has an end on the proxy's own clock: a rule its ttl or
 * its lease, whichever is first. A timer drops what has ended, whether or not anybody asks. Changes are made under one lock
 * and published to the workers by one assignment.
 */
public final class RuleStore implements RuleSource {
    /** The lease that a caller gets who does not say how long. */
    public static final long DEFAULT_LEASE_MILLIS = 5000;

    private static final Logger LOG = LoggerFactory.getLogger("mishap");

    private final Ticker ticker;
    private final RuleTimers timers;
    private final RuleStats ruleStats;
    private final Gauge activeGauge;
    private final LongSupplier seeds;

    private final RulePlaces places;
    private final RuleViews views;
    private final RuleAdmission admission;

    private final Map<String, StoredRule> rules = new TreeMap<>();
    private final Observers observers = new Observers();
    private final Leases leases;
    private @Nullable Future<?> timer;
    private long timerNanos;

    private final KillSwitch kill = new KillSwitch();
    private final RuleEvents events = new RuleEvents();
    private final Safeguards safeguards;
    private final PublishedRules published;

    /**
     * @param ticker the clock of leases, ttls, windows and ramps
     * @param timers runs the ends, on the same clock
     * @param stats the process's scope; the store's own begin with {@code mishap.}
     * @param seeds gives the seed of a rule that has none
     */
    public RuleStore(Ticker ticker, ScheduledExecutorService timers, Scope stats, LongSupplier seeds) {
        this(ticker, timers, stats, seeds, Protection.DEFAULT, false);
    }

    /**
     * The same with what holds for all rules.
     *
     * @param protection what rules leave alone unless they name it
     * @param dryRun whether all rules only decide and count
     */
    public RuleStore(
            Ticker ticker,
            ScheduledExecutorService timers,
            Scope stats,
            LongSupplier seeds,
            Protection protection,
            boolean dryRun) {
        this.ticker = ticker;
        this.timers = new RuleTimers(timers);
        this.seeds = seeds;
        Scope mishap = stats.scope("mishap.");
        ruleStats = new RuleStats(ticker, this.timers, mishap);
        activeGauge = mishap.gauge("rules.active");
        leases = new Leases(ticker);
        safeguards = new Safeguards(protection, dryRun, this::limited);
        places = new RulePlaces(ticker, this.timers, mishap, ruleStats, seeds, kill, events);
        places.safeguard(safeguards);
        views = new RuleViews(ticker, kill, places);
        admission = new RuleAdmission(views);
        published = new PublishedRules(kill, events, mishap, safeguards);
        published.follow(this, places);
    }

    /** The rules that stand in the configuration, which act beside those of the store. */
    public RulePlaces places() {
        return places;
    }

    /** What holds for all rules of the process, for rules that stand in the configuration, too. */
    public Safeguards safeguards() {
        return safeguards;
    }

    /** The switch that turns all faults off, those of the configuration, too. */
    @Override
    public KillSwitch killSwitch() {
        return kill;
    }

    /** What happened lately. */
    RuleEvents events() {
        return events;
    }

    private void limited(FaultRule rule, Suppression cause, RuleStatus status) {
        LOG.info(
                "rule '{}' of {} is held back by its limit ({}); scoped {}, touched {}",
                rule.name(),
                experiment(rule),
                cause.field(),
                status.scoped(),
                status.touched());
        events.add(RuleEvents.Kind.LIMITED, rule, cause.field(), status);
    }

    /** Sets what is told when rules about connections have changed; on the thread that changed them, soon done. */
    public void onChange(Runnable listener) {
        published.onChange(listener);
        places.onChange(listener);
    }

    @Override
    public ActiveRules active() {
        return published.active();
    }

    @Override
    public long nanoTime() {
        return ticker.nanoTime();
    }

    record ObserverView(Observer observer, String lease, long expiresInMillis) {}

    record LeaseView(String id, long expiresInMillis, List<String> rules, List<String> observers) {}

    /** Installs or replaces a rule; returns whether the name is new. */
    synchronized boolean putRule(FaultRule rule, @Nullable LeaseRequest lease) {
        StoredRule before = rules.get(rule.name());
        admission.check(rule, lease, before, rules.size());
        InstalledRule installed = installed(rule, before);
        Lease bound = lease == null ? null : leases.renew(lease);
        put(rule, installed, bound, before, false);
        publish();
        events.add(before == null ? RuleEvents.Kind.STARTED : RuleEvents.Kind.REPLACED, rule, null, null);
        LOG.info(
                "rule '{}' of {} {}: {}, lease {}",
                rule.name(),
                experiment(rule),
                before == null ? "is in place" : "is replaced",
                text(rule),
                bound == null ? "none" : "'" + bound.id + "'");
        return before == null;
    }

    /**
     * Puts the rules in place that whoever started the process gave, instead of those given before. They need no end; one that is
     * as it was before goes on with its counts. A name that a caller of the API has taken becomes the process's own.
     */
    public synchronized void replaceOwn(List<FaultRule> own) {
        Set<String> names = new HashSet<>();
        own.forEach(rule -> names.add(rule.name()));
        end(
                entry -> entry.own() && !names.contains(entry.rule().name()),
                RuleEvents.Kind.STOPPED,
                "it was taken out of the rules",
                true);
        for (FaultRule rule : own) {
            StoredRule before = rules.get(rule.name());
            InstalledRule installed = installed(rule, before);
            put(rule, installed, null, before, true);
            if (before == null || !before.rule().equals(rule)) {
                events.add(before == null ? RuleEvents.Kind.STARTED : RuleEvents.Kind.REPLACED, rule, null, null);
            }
        }
        publish();
    }

    private void put(
            FaultRule rule, InstalledRule installed, @Nullable Lease lease, @Nullable StoredRule before, boolean own) {
        RuleCounts counts;
        if (before != null && before.counts().areOf(rule)) {
            counts = before.counts();
        } else {
            counts = new RuleCounts(rule, ruleStats);
            if (before != null) {
                before.counts().show(published.inPlace().rules());
                before.counts().letGo();
            }
        }
        RuleTag tag = RuleTag.of(rule, counts.touchedOfExperiment());
        rules.put(rule.name(), new StoredRule(installed, lease, counts, tag, own));
    }

    /** A rule in place and what it has done. */
    public record Standing(FaultRule rule, RuleStatus status) {}

    /** The rules in place, by name; for whoever shows them. */
    public synchronized List<Standing> standings() {
        RuleSet set = published.inPlace().rules();
        return rules.values().stream()
                .map(entry -> new Standing(entry.rule(), entry.counts().of(set)))
                .toList();
    }

    /** The same rule again leaves what is in place as it is, so that its ramp goes on; but a ttl begins anew. */
    private InstalledRule installed(FaultRule rule, @Nullable StoredRule before) {
        long now = ticker.nanoTime();
        if (before == null) {
            return InstalledRule.of(rule, now, seeds);
        }
        if (before.rule().equals(rule)) {
            return rule.ttl() == null
                    ? before.installed()
                    : new InstalledRule(rule, now, before.installed().seed());
        }
        Long seed = rule.seed();
        return new InstalledRule(rule, now, seed == null ? before.installed().seed() : seed);
    }

    /** The rule in one line; a rule that has no such form as a document. */
    private static String text(FaultRule rule) {
        return RuleLine.inexpressible(rule).isEmpty()
                ? RuleLine.print(rule)
                : DocumentText.jsonLine(RuleWriter.write(rule));
    }

    static String experiment(FaultRule rule) {
        return rule.experimentId() == null ? "no experiment" : "experiment '" + rule.experimentId() + "'";
    }

    /** Installs or replaces an observer; returns whether the name is new. */
    synchronized boolean putObserver(Observer.Definition definition, LeaseRequest lease) {
        Lease before = observers.lease(definition.name());
        if (before == null && observers.isFull()) {
            throw new RulesProblem(429, "there are " + Observers.MAX + " observers already", List.of());
        }
        RuleAdmission.requireSameLease(definition.name(), before, lease);
        observers.put(definition, leases.renew(lease));
        publish();
        return before == null;
    }

    /** Renews a lease. */
    synchronized LeaseView renewLease(LeaseRequest asked) {
        if (!leases.has(asked.id())) {
            throw RulesProblem.notFound("there is no lease '" + asked.id() + "': it has run out or never was");
        }
        Lease lease = leases.renew(asked);
        schedule();
        return view(lease);
    }

    private LeaseView view(Lease lease) {
        List<String> boundRules = new ArrayList<>();
        rules.forEach((name, entry) -> {
            if (entry.lease() == lease) {
                boundRules.add(name);
            }
        });
        List<String> boundObservers = new ArrayList<>();
        observers.forEach((name, of) -> {
            if (of == lease) {
                boundObservers.add(name);
            }
        });
        return new LeaseView(lease.id, views.millisUntil(lease.endNanos()), boundRules, boundObservers);
    }

    /** Ends a lease and all that is bound to it; returns the rules that ended. */
    synchronized List<RuleView> endLease(String id, boolean release) {
        Lease lease = leases.remove(id);
        if (lease == null) {
            return List.of();
        }
        observers.endWith(Set.of(lease));
        return end(entry -> entry.lease() == lease, RuleEvents.Kind.STOPPED, "its lease was ended", release);
    }

    /**
     * Ends the rule of that name; returns it as it was at its end.
     *
     * @param release whether requests and DNS answers that it holds go on now; they wait for the rest of their time otherwise
     */
    synchronized List<RuleView> deleteRule(String name, boolean release) {
        if (!rules.containsKey(name)) {
            admission.requireNotConfigured(name);
        }
        return end(entry -> entry.rule().name().equals(name), RuleEvents.Kind.STOPPED, "it was deleted", release);
    }

    /** Ends the rules of an experiment, or all for null. */
    synchronized List<RuleView> deleteRules(@Nullable String experimentId, boolean release) {
        return end(
                entry ->
                        experimentId == null || experimentId.equals(entry.rule().experimentId()),
                RuleEvents.Kind.STOPPED,
                experimentId == null ? "all rules were deleted" : "its experiment's rules were deleted",
                release);
    }

    synchronized void deleteObserver(String name) {
        if (observers.remove(name)) {
            publish();
        }
    }

    /** Those of the API and the process by name, then those of the configuration by place. */
    synchronized List<RuleView> rules() {
        List<RuleView> all = new ArrayList<>();
        RuleSet set = published.inPlace().rules();
        rules.values().forEach(entry -> all.add(views.inPlace(entry, set)));
        all.addAll(views.configured());
        return all;
    }

    /** The rules of the configuration that deleting an experiment's rules, or all for null, leaves alone. */
    List<RuleView> leftOf(@Nullable String experimentId) {
        return views.configured(experimentId);
    }

    synchronized @Nullable RuleView rule(String name) {
        StoredRule entry = rules.get(name);
        return entry == null
                ? views.configuredAs(name)
                : views.inPlace(entry, published.inPlace().rules());
    }

    synchronized @Nullable ObserverView observer(String name) {
        Lease lease = observers.lease(name);
        Observer observer = observers.compiled(name, published.inPlace());
        return lease == null || observer == null
                ? null
                : new ObserverView(observer, lease.id, views.millisUntil(lease.endNanos()));
    }

    /** Brings {@code mishap.rule.*} in /stats up to date. */
    public synchronized void showCounts() {
        places.showCounts();
        for (StoredRule entry : rules.values()) {
            entry.counts().show(published.inPlace().rules());
        }
    }

    private List<RuleView> end(Predicate<StoredRule> which, RuleEvents.Kind kind, String why, boolean release) {
        List<StoredRule> ended = new ArrayList<>();
        for (Iterator<StoredRule> i = rules.values().iterator(); i.hasNext(); ) {
            StoredRule entry = i.next();
            if (which.test(entry)) {
                i.remove();
                ended.add(entry);
            }
        }
        RuleSet was = published.inPlace().rules();
        publish();
        boolean holds = false;
        for (StoredRule entry : ended) {
            holds |= release && was.end(entry.rule().name());
        }
        if (holds) {
            kill.holds().rulesEnded();
        }
        List<RuleView> over = new ArrayList<>();
        for (StoredRule entry : ended) {
            entry.counts().show(was);
            entry.counts().letGo();
            RuleStatus status = entry.counts().of(was);
            over.add(views.ended(entry, status, was));
            events.add(kind, entry.rule(), why, status);
            LOG.info(
                    "rule '{}' of {} has ended: {}; scoped {}, cohort {}, drawn {}, touched {}",
                    entry.rule().name(),
                    experiment(entry.rule()),
                    why,
                    status.scoped(),
                    status.cohort(),
                    status.drawn(),
                    status.touched());
        }
        return over;
    }

    private void publish() {
        List<InstalledRule> installed = new ArrayList<>(rules.size());
        Map<String, RuleTag> tags = new HashMap<>();
        rules.forEach((name, entry) -> {
            installed.add(entry.installed());
            tags.put(name, entry.tag());
        });
        published.publish(installed, tags, observers);
        activeGauge.set(rules.size());
        Set<@Nullable Lease> used = new HashSet<>();
        rules.values().forEach(r -> used.add(r.lease()));
        observers.forEach((name, lease) -> used.add(lease));
        leases.retain(used);
        schedule();
    }

    /** Has {@link #expire} called when the next end is reached. */
    private void schedule() {
        long now = ticker.nanoTime();
        long next = leases.nextEnd(now);
        for (StoredRule entry : rules.values()) {
            if (entry.hasEnd()) {
                next = Math.min(next, entry.endNanos() - now);
            }
        }
        Future<?> running = timer;
        if (running != null) {
            if (next != Long.MAX_VALUE && now + next == timerNanos) {
                return;
            }
            running.cancel(false);
            timer = null;
        }
        if (next != Long.MAX_VALUE) {
            timerNanos = now + next;
            timer = timers.schedule(this::expire, next);
        }
    }

    private synchronized void expire() {
        timer = null;
        long now = ticker.nanoTime();
        List<Lease> over = leases.takeOver(now);
        over.forEach(lease -> LOG.info("lease '{}' has run out", lease.id));
        observers.endWith(over);
        end(entry -> over.contains(entry.lease()), RuleEvents.Kind.EXPIRED, "its lease ran out", true);
        if (rules.values().stream().anyMatch(entry -> entry.isOver(now))) {
            end(entry -> entry.isOver(now), RuleEvents.Kind.EXPIRED, "its ttl is over", true);
        }
    }
}
