package dev.mishap.control.experiment;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.experiment.engine.Event;
import dev.mishap.rules.experiment.engine.ExperimentEngine;
import dev.mishap.rules.experiment.engine.FaultCounts;
import dev.mishap.rules.experiment.engine.Order;
import dev.mishap.rules.experiment.engine.Phase;
import dev.mishap.rules.experiment.engine.Reading;
import dev.mishap.rules.experiment.engine.Reason;
import dev.mishap.rules.experiment.engine.TimelinePoint;
import dev.mishap.rules.experiment.engine.Verdict;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One run of an experiment against real proxies: claims them, drives the engine, takes everything back. {@link #run} is called once;
 * {@link #interrupt} may be called from any thread at any time.
 */
public final class ExperimentRun {
    /** How long an earlier run's lease may still be alive after the run was killed: its length and a little. */
    private static final Duration STALE_LEASE = Duration.ofMillis(6500);

    /** How long a proxy that is there may be too busy to answer at the start; nothing is at stake yet. */
    private static final Duration BUSY_PROXY = Duration.ofSeconds(20);

    private static final int ROLLBACK_TRIES = 3;

    /** What reaches the run's thread from others. */
    private record Signal(@Nullable String contactLost) {}

    private final RunPlan plan;
    private final RunListener listener;
    private final String runId;
    private final BlockingQueue<Signal> signals = new LinkedBlockingQueue<>();
    private final Map<URI, ProxyClient> proxies = new LinkedHashMap<>();
    /** Where something of this run is, or may be. */
    private final Set<ProxyClient> claimed = new LinkedHashSet<>();

    private final List<String> remarks = new ArrayList<>();
    private final Instant started = Instant.now();
    private final long startNanos = System.nanoTime();
    private final Lease claim;
    private final Lease rulesLease;
    private final @Nullable PromQlClient prometheus;
    private volatile boolean interrupted;
    private int toldEvents;
    private FaultCounts lastFaults = FaultCounts.NONE;

    public ExperimentRun(RunPlan plan, HttpClient http, RunListener listener) {
        this(plan, http, listener, UUID.randomUUID().toString());
    }

    /** @param runId tells this run apart from all others */
    public ExperimentRun(RunPlan plan, HttpClient http, RunListener listener, String runId) {
        this.plan = plan;
        this.runId = runId;
        this.listener = listener;
        String id = plan.experiment().id();
        claim = Lease.of(id + "." + runId);
        rulesLease = Lease.of(id + "." + runId + ".rules");
        for (URI address : plan.proxies()) {
            proxies.put(
                    address,
                    new ProxyClient(
                            http,
                            address,
                            plan.options().token(),
                            plan.options().dryRun()));
        }
        URI queried = plan.options().prometheus();
        prometheus = queried == null ? null : new PromQlClient(http, queried, null);
        if (plan.options().timeScale() != 1) {
            remarks.add("The phases were scaled by " + plan.options().timeScale()
                    + " (--time-scale); leases, time-outs and injected delays were not.");
        }
    }

    /** Ends the run as soon as possible; the faults are taken back. */
    public void interrupt() {
        interrupted = true;
        signals.add(new Signal(null));
    }

    /** Runs to the verdict. Whatever happens, what was put on the proxies is taken back, or ends by its lease when they cannot be reached. */
    public RunResult run() {
        ExecutorService executor = Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "poll");
            thread.setDaemon(true);
            return thread;
        });
        try (LeaseKeeper claims = new LeaseKeeper(claim, this::contactLost);
                LeaseKeeper rules = new LeaseKeeper(rulesLease, this::contactLost)) {
            Verdict refused = claim(claims);
            if (refused != null) {
                return ended(refused);
            }
            return drive(new MetricsReader(plan, proxies, prometheus, executor), rules);
        } finally {
            claimed.forEach(this::release);
            executor.shutdownNow();
        }
    }

    /** Puts an observer on every proxy; the observer's lease is what keeps a second run of this experiment away. */
    private @Nullable Verdict claim(LeaseKeeper keeper) {
        String id = plan.experiment().id();
        String body = RuleDocuments.observer(plan.experiment());
        long begun = System.nanoTime();
        for (ProxyClient proxy : proxies.values()) {
            while (true) {
                try {
                    proxy.putObserver(id, body, claim);
                    claimed.add(proxy);
                    keeper.keep(proxy);
                    // Rules of this experiment that someone installed by hand or that another tool left would be
                    // counted as ours.
                    proxy.deleteRules(id);
                    break;
                } catch (ProxyException e) {
                    long waited = System.nanoTime() - begun;
                    if (e.timedOut()) {
                        // It may have been done all the same.
                        claimed.add(proxy);
                        if (waited >= BUSY_PROXY.toNanos()) {
                            return new Verdict(Reason.LOST_CONTACT, message(e), null);
                        }
                    } else if (e.status() != 409) {
                        return new Verdict(
                                e.status() == 0 ? Reason.LOST_CONTACT : Reason.RULE_REFUSED, message(e), null);
                    } else if (waited >= STALE_LEASE.toNanos()) {
                        return new Verdict(
                                Reason.BAD_INPUT,
                                "another run of experiment " + id + " is in progress at " + proxy.address() + " ("
                                        + message(e) + ")",
                                null);
                    }
                    if (waitFor(250) != null) {
                        return new Verdict(Reason.INTERRUPTED, "interrupted before the baseline", null);
                    }
                }
            }
        }
        return null;
    }

    private RunResult drive(MetricsReader reader, LeaseKeeper rules) {
        // The first reading is the slow one: connections are made, and what the proxies load on their first request of
        // each kind.
        Reading first = reader.read(false);
        long lastPoll = System.nanoTime();
        ExperimentEngine engine = new ExperimentEngine(plan.plan(), lastPoll);
        Order order = engine.poll(lastPoll, first);
        while (order != Order.FINISH) {
            tell(engine);
            switch (order) {
                case WAIT:
                    Signal signal = waitFor(millisToNextPoll(engine, lastPoll));
                    if (signal == null) {
                        lastPoll = System.nanoTime();
                        order = poll(engine, reader);
                    } else if (signal.contactLost() == null) {
                        order = engine.interrupted(System.nanoTime());
                    } else {
                        order = engine.lostContact(System.nanoTime(), signal.contactLost());
                    }
                    break;
                case INJECT:
                    order = inject(engine, rules);
                    break;
                case ROLL_BACK:
                    rules.close();
                    FaultCounts counts = takeBack();
                    order = engine.rolledBack(System.nanoTime(), counts);
                    break;
                case FINISH:
                    break;
            }
        }
        tell(engine);
        return new RunResult(
                plan,
                runId,
                started,
                Instant.now(),
                Objects.requireNonNull(engine.verdict()),
                engine.faults(),
                engine.results(),
                engine.timeline(),
                engine.events(),
                remarks);
    }

    private Order poll(ExperimentEngine engine, MetricsReader reader) {
        Reading reading = reader.read(engine.phase() == Phase.INJECTION);
        if (!reading.problems().isEmpty()) {
            listener.notice("poll failed: " + String.join("; ", reading.problems()));
        }
        if (engine.phase() == Phase.INJECTION && reading.problems().isEmpty()) {
            lastFaults = later(reading.faults());
        }
        long now = System.nanoTime();
        long left = engine.nanosToPhaseEnd(now);
        int points = engine.timeline().size();
        Order order = engine.poll(now, reading);
        List<TimelinePoint> timeline = engine.timeline();
        if (timeline.size() > points) {
            TimelinePoint latest = timeline.get(timeline.size() - 1);
            listener.polled(latest.phase(), latest, left);
        }
        return order;
    }

    private Order inject(ExperimentEngine engine, LeaseKeeper keeper) {
        for (Map.Entry<String, List<FaultRule>> entry : plan.rules().entrySet()) {
            for (URI address : plan.options().targets().getOrDefault(entry.getKey(), List.of())) {
                ProxyClient proxy = client(address);
                for (FaultRule rule : entry.getValue()) {
                    if (interrupted) {
                        return engine.interrupted(System.nanoTime());
                    }
                    try {
                        proxy.putRule(
                                rule.name(),
                                RuleDocuments.rule(plan.options().dryRun() ? rule.withDryRun(true) : rule),
                                rulesLease);
                        keeper.keep(proxy);
                    } catch (ProxyException e) {
                        return engine.refused(System.nanoTime(), message(e));
                    }
                }
            }
        }
        return engine.injected(System.nanoTime());
    }

    private FaultCounts takeBack() {
        FaultCounts total = FaultCounts.NONE;
        boolean complete = true;
        List<URI> addresses = plan.options().targets().values().stream()
                .flatMap(List::stream)
                .distinct()
                .toList();
        for (URI address : addresses) {
            FaultCounts counts = takeBack(client(address));
            complete &= counts != null;
            total = counts == null ? total : total.plus(counts);
        }
        // The last poll's counts are the better ones when a proxy did not tell its own.
        return complete ? later(total) : lastFaults;
    }

    /** A proxy that was restarted counts from zero again, which does not undo what was seen. */
    private FaultCounts later(FaultCounts counts) {
        return counts.scoped() >= lastFaults.scoped() ? counts : lastFaults;
    }

    private @Nullable FaultCounts takeBack(ProxyClient proxy) {
        String id = plan.experiment().id();
        ProxyException last = null;
        for (int i = 0; i < ROLLBACK_TRIES; i++) {
            try {
                FaultCounts counts = proxy.deleteRules(id);
                proxy.deleteLease(rulesLease);
                return counts;
            } catch (ProxyException e) {
                last = e;
            }
        }
        String remark = "The faults could not be taken back at " + proxy.address() + " ("
                + (last == null ? "" : message(last)) + "); they end there by their lease, at most "
                + rulesLease.length().toSeconds() + " s after its last renewal.";
        remarks.add(remark);
        listener.notice(remark);
        return null;
    }

    private void release(ProxyClient proxy) {
        try {
            proxy.deleteLease(rulesLease);
            proxy.deleteLease(claim);
        } catch (ProxyException e) {
            // Nothing is lost: the lease was closed before, so it runs out by itself.
            listener.notice("a lease was not given back, it will run out: " + message(e));
        }
    }

    private RunResult ended(Verdict verdict) {
        Event event = new Event(System.nanoTime() - startNanos, Phase.DONE, "verdict: " + verdict.explanation());
        listener.event(event);
        return new RunResult(
                plan,
                runId,
                started,
                Instant.now(),
                verdict,
                FaultCounts.NONE,
                List.of(),
                List.of(),
                List.of(event),
                remarks);
    }

    private void tell(ExperimentEngine engine) {
        List<Event> events = engine.events();
        for (; toldEvents < events.size(); toldEvents++) {
            listener.event(events.get(toldEvents));
        }
    }

    private void contactLost(String why) {
        signals.add(new Signal(why));
    }

    private long millisToNextPoll(ExperimentEngine engine, long lastPoll) {
        long now = System.nanoTime();
        long interval = plan.experiment().poll().toNanos();
        long wait = interval - (now - lastPoll);
        long phaseEnd = engine.nanosToPhaseEnd(now);
        if (phaseEnd > 0 && phaseEnd < wait + interval / 2) {
            // The last poll falls on the end of the phase, not shortly before or after it.
            wait = phaseEnd;
        }
        return Math.max(1, Math.round(wait / 1e6));
    }

    private @Nullable Signal waitFor(long millis) {
        try {
            return signals.poll(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Signal(null);
        }
    }

    private ProxyClient client(URI address) {
        return Objects.requireNonNull(proxies.get(address));
    }

    private static String message(ProxyException e) {
        return Objects.requireNonNullElse(e.getMessage(), e.toString());
    }
}
