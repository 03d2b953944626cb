package dev.mishap.rules.experiment.engine;

import dev.mishap.rules.experiment.RollbackTrigger;
import dev.mishap.rules.experiment.Slo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The life of one experiment: baseline, injection, roll-back, recovery, verdict. The caller polls, obeys the {@link Order}s and reports what
 * came of them; whatever happens, once rules may be in place the engine orders {@link Order#ROLL_BACK} before {@link Order#FINISH}.
 *
 * <p>Times are {@code System.nanoTime()} or any clock like it. Not safe for use by several threads at once.
 */
public final class ExperimentEngine {
    private final Plan plan;
    private final long start;
    private final Baseline baseline;
    private final List<Event> events = new ArrayList<>();
    private final List<TimelinePoint> timeline = new ArrayList<>();
    private final List<PhaseResult> results = new ArrayList<>();
    private final List<Judge> judges = new ArrayList<>();
    private final List<Judge> spikes = new ArrayList<>();

    private Phase phase = Phase.BASELINE;
    private long phaseStart;
    private long lastPoll;
    private @Nullable Reading last;
    private boolean mayBeInPlace;
    private int lostStreak;
    private long badSince;
    private boolean begun;
    private @Nullable Verdict cause;
    private @Nullable Verdict verdict;
    private FaultCounts faults = FaultCounts.NONE;

    public ExperimentEngine(Plan plan, long nowNanos) {
        this.plan = plan;
        start = nowNanos;
        phaseStart = nowNanos;
        lastPoll = nowNanos;
        baseline = new Baseline(plan.conditions());
        event(nowNanos, "baseline begins");
    }

    public Phase phase() {
        return phase;
    }

    /** What has happened so far, in order. */
    public List<Event> events() {
        return List.copyOf(events);
    }

    /** One point per poll. */
    public List<TimelinePoint> timeline() {
        return List.copyOf(timeline);
    }

    /** Every condition over every phase that has ended. */
    public List<PhaseResult> results() {
        return List.copyOf(results);
    }

    /** The latest counts of the rules. */
    public FaultCounts faults() {
        return faults;
    }

    /** Null until {@link Order#FINISH}. */
    public @Nullable Verdict verdict() {
        return verdict;
    }

    /** When the present phase ends if all goes well, in nanoseconds from {@code now}; for the last poll to fall on its end. */
    public long nanosToPhaseEnd(long nowNanos) {
        Duration length = phase == Phase.BASELINE
                ? plan.baseline()
                : phase == Phase.INJECTION ? plan.injection() : plan.recoveryStable();
        long from = phase == Phase.RECOVERY ? badSince : phaseStart;
        return Math.max(0, from + length.toNanos() - nowNanos);
    }

    /** A poll's reading. */
    public Order poll(long nowNanos, Reading reading) {
        if (phase == Phase.DONE) {
            return Order.FINISH;
        }
        record(nowNanos, reading);
        lostStreak = reading.problems().isEmpty() ? 0 : lostStreak + 1;
        switch (phase) {
            case BASELINE:
                return inBaseline(nowNanos, reading);
            case INJECTION:
                return inInjection(nowNanos, reading);
            default:
                return inRecovery(nowNanos, reading);
        }
    }

    /** All rules are in place. */
    public Order injected(long nowNanos) {
        phase = Phase.INJECTION;
        phaseStart = nowNanos;
        event(nowNanos, "faults are active");
        return Order.WAIT;
    }

    /** A proxy did not take a rule; others may have, so roll back. */
    public Order refused(long nowNanos, String why) {
        return rollBack(nowNanos, new Verdict(Reason.RULE_REFUSED, "a rule was refused: " + why, null));
    }

    /** The lease of the rules has run out or cannot be renewed. */
    public Order lostContact(long nowNanos, String why) {
        return rollBack(nowNanos, new Verdict(Reason.LOST_CONTACT, "lost contact with a target's proxy: " + why, null));
    }

    /** The user wants to stop. */
    public Order interrupted(long nowNanos) {
        if (phase == Phase.RECOVERY || !mayBeInPlace) {
            return finish(nowNanos, new Verdict(Reason.INTERRUPTED, "interrupted in the " + name(phase), null));
        }
        return rollBack(nowNanos, new Verdict(Reason.INTERRUPTED, "interrupted in the " + name(phase), null));
    }

    /**
     * The rules are gone.
     *
     * @param counts of the rules at their end
     */
    public Order rolledBack(long nowNanos, FaultCounts counts) {
        mayBeInPlace = false;
        faults = counts;
        Verdict why = Objects.requireNonNull(cause, "rolled back without an order");
        event(nowNanos, "faults are taken back; " + counts.touched() + " requests were touched");
        switch (why.reason()) {
            case INTERRUPTED:
            case LOST_CONTACT:
            case LOST_METRICS:
            case RULE_REFUSED:
                return finish(nowNanos, why);
            default:
                break;
        }
        if (counts.touched() == 0) {
            return finish(nowNanos, new Verdict(Reason.NO_REQUEST_TOUCHED, untouched(counts, why), null));
        }
        if (why.reason() == Reason.TOO_FEW_SAMPLES) {
            return finish(nowNanos, why);
        }
        phase = Phase.RECOVERY;
        phaseStart = nowNanos;
        badSince = nowNanos;
        begun = false;
        lostStreak = 0;
        return Order.WAIT;
    }

    private Order inBaseline(long now, Reading reading) {
        if (lostStreak >= plan.lostPolls()) {
            return finish(now, new Verdict(Reason.LOST_METRICS, "metrics cannot be read: " + problems(reading), null));
        }
        if (!reading.problems().isEmpty()) {
            return Order.WAIT;
        }
        baseline.add(now, reading);
        long elapsed = now - phaseStart;
        if (elapsed < plan.baseline().toNanos()) {
            return Order.WAIT;
        }
        for (String service : plan.services()) {
            long requests = baseline.all(service).requests();
            if (requests < plan.baselineRequests()) {
                if (elapsed < plan.baselineLimit().toNanos()) {
                    return Order.WAIT;
                }
                return finish(
                        now,
                        new Verdict(
                                Reason.TOO_LITTLE_TRAFFIC,
                                String.format(
                                        Locale.ROOT,
                                        "%s had %d requests in a baseline of %.1f s, %d are needed",
                                        service,
                                        requests,
                                        elapsed / 1e9,
                                        plan.baselineRequests()),
                                null));
            }
        }
        return judgeBaseline(now, reading);
    }

    private Order judgeBaseline(long now, Reading reading) {
        String unsteady = baseline.unsteady();
        for (Condition condition : plan.conditions()) {
            Condition resolved = baseline.resolve(condition);
            if (resolved == null) {
                return finish(
                        now,
                        new Verdict(
                                Reason.LOST_METRICS, condition.name() + ": the baseline has no value for it", null));
            }
            for (Population population : populations(resolved)) {
                Judge judge = new Judge(resolved, population, plan.breachPolls());
                judge.lookAtBaseline(baseline.polls());
                PhaseResult result = judge.overall(Phase.BASELINE);
                results.add(result);
                if (population == Population.QUERY && result.value() == null) {
                    return finish(
                            now, new Verdict(Reason.LOST_METRICS, condition.name() + ": the query has no value", null));
                }
                if (unsteady == null && result.finding() == Finding.BREACH) {
                    unsteady = Texts.missed(result);
                }
                judges.add(judge);
            }
        }
        if (unsteady != null) {
            return finish(
                    now, new Verdict(Reason.NOT_IN_STEADY_STATE, "system not in steady state: " + unsteady, null));
        }
        watchForSpikes();
        judges.forEach(judge -> judge.begin(now, reading));
        spikes.forEach(judge -> judge.begin(now, reading));
        event(now, "the system is in its steady state; injecting");
        mayBeInPlace = true;
        lostStreak = 0;
        return Order.INJECT;
    }

    private void watchForSpikes() {
        if (!plan.rollbackOn().contains(RollbackTrigger.ERROR_RATE_SPIKE)) {
            return;
        }
        for (String service : plan.services()) {
            double success = baseline.all(service).successRate().orElse(0);
            if (success - plan.spike() <= 0) {
                continue;
            }
            Condition condition = Condition.ofService(
                    String.format(
                            Locale.ROOT,
                            "%s_success_rate > %.4f (baseline - %.0f points)",
                            service,
                            success - plan.spike(),
                            plan.spike() * 100),
                    service,
                    Measure.SUCCESS_RATE,
                    Slo.Comparator.MORE_THAN,
                    success - plan.spike());
            spikes.add(new Judge(condition, Population.ALL, plan.breachPolls()));
            spikes.add(new Judge(condition, Population.EXPOSED, plan.breachPolls()));
        }
    }

    private Order inInjection(long now, Reading reading) {
        if (lostStreak >= plan.lostPolls() && cause == null) {
            Verdict lost = new Verdict(Reason.LOST_METRICS, "lost the metrics: " + problems(reading), null);
            if (plan.rollbackOn().contains(RollbackTrigger.LOST_METRICS)) {
                return rollBack(now, lost);
            }
            cause = lost;
        }
        Verdict broken = breach(now, reading);
        if (broken != null && rollsBack(broken)) {
            endPhase(Phase.INJECTION);
            return rollBack(now, broken);
        }
        if (cause == null && broken != null) {
            cause = broken;
            event(now, broken.explanation() + "; roll-back on a breach is off, so the faults stay");
        }
        if (now - phaseStart >= plan.injection().toNanos()) {
            Verdict whole = endPhase(Phase.INJECTION);
            return rollBack(now, cause != null ? cause : whole);
        }
        return timedOut(now) ? timeOut(now) : Order.WAIT;
    }

    private @Nullable Verdict breach(long now, Reading reading) {
        Verdict broken = null;
        for (Judge judge : judges) {
            Finding finding = judge.look(now, reading);
            if (judge.hangs() && judge.waiting().polls() == plan.breachPolls()) {
                event(now, Texts.unanswered(judge));
            }
            if (finding == Finding.BREACH && judge.streak() <= plan.breachPolls()) {
                event(now, Texts.breachingPoll(judge, plan.breachPolls()));
            }
            if (broken == null && judge.streak() >= plan.breachPolls()) {
                broken = new Verdict(Reason.SLO_BREACHED, Texts.breached(judge, plan.breachPolls()), null);
            }
        }
        for (Judge judge : spikes) {
            judge.look(now, reading);
            if (broken == null && judge.streak() >= plan.breachPolls()) {
                broken = new Verdict(
                        Reason.ERROR_RATE_SPIKE,
                        "error-rate spike: " + Texts.breached(judge, plan.breachPolls()),
                        null);
            }
        }
        return broken;
    }

    /** Adds the phase's results; returns what they say of the whole phase. */
    private Verdict endPhase(Phase ended) {
        Verdict undecided = null;
        Verdict broken = null;
        for (Judge judge : judges) {
            PhaseResult result = judge.overall(ended);
            results.add(result);
            if (result.finding() == Finding.BREACH && broken == null) {
                broken = new Verdict(Reason.SLO_BREACHED, "over the whole injection " + Texts.missed(result), null);
            } else if (result.finding() == Finding.UNDECIDED && undecided == null) {
                undecided = judge.hangs()
                        ? new Verdict(Reason.NOT_ANSWERED, "cannot be judged: " + Texts.unanswered(judge), null)
                        : new Verdict(Reason.TOO_FEW_SAMPLES, Texts.tooFew(result, judge.needed()), null);
            }
        }
        if (broken != null) {
            return broken;
        }
        return undecided != null ? undecided : new Verdict(Reason.HYPOTHESIS_HELD, "every condition held", null);
    }

    private Order inRecovery(long now, Reading reading) {
        if (!begun) {
            // Requests that were under way when the faults went may end with the first reading: recovery is judged from
            // there on.
            begun = true;
            judges.forEach(judge -> judge.begin(now, reading));
            spikes.forEach(judge -> judge.begin(now, reading));
            return Order.WAIT;
        }
        if (lostStreak >= plan.lostPolls()) {
            Verdict why = Objects.requireNonNull(cause);
            return finish(
                    now,
                    why.reason() == Reason.HYPOTHESIS_HELD
                            ? new Verdict(
                                    Reason.LOST_METRICS, "lost the metrics in recovery: " + problems(reading), null)
                            : why);
        }
        boolean bad = !reading.problems().isEmpty();
        boolean told = true;
        for (List<Judge> group : List.of(judges, spikes)) {
            for (Judge judge : group) {
                Finding finding = judge.look(now, reading);
                bad |= judge.hangs();
                bad |= finding == Finding.BREACH || finding == Finding.UNDECIDED && judge.doubtful();
                told &= judge.population() == Population.EXPOSED || judge.latestFinding() == Finding.OK;
            }
        }
        if (bad) {
            badSince = now;
        }
        if (told && now - badSince >= plan.recoveryStable().toNanos()) {
            endPhase(Phase.RECOVERY);
            return recovered(now, true);
        }
        if (now - phaseStart >= plan.recoveryLimit().toNanos()) {
            endPhase(Phase.RECOVERY);
            return recovered(now, false);
        }
        return Order.WAIT;
    }

    private Order recovered(long now, boolean well) {
        Verdict why = Objects.requireNonNull(cause);
        double seconds = (now - phaseStart) / 1e9;
        String text = well
                ? badSince == phaseStart
                        ? "in the steady state as soon as the faults were gone"
                        : String.format(
                                Locale.ROOT,
                                "back in the steady state %.1f s after the faults",
                                (badSince - phaseStart) / 1e9)
                : String.format(Locale.ROOT, "not back in the steady state %.1f s after the faults", seconds);
        event(now, text);
        if (!well && why.reason() == Reason.HYPOTHESIS_HELD) {
            return finish(now, new Verdict(Reason.NOT_RECOVERED, text, false));
        }
        return finish(now, new Verdict(why.reason(), why.explanation() + "; " + text, well));
    }

    private Order rollBack(long now, Verdict why) {
        if (cause == null || why.reason() == Reason.INTERRUPTED) {
            cause = why;
        }
        if (!mayBeInPlace) {
            return phase == Phase.RECOVERY ? Order.WAIT : finish(now, why);
        }
        event(now, "rolling back: " + why.explanation());
        return Order.ROLL_BACK;
    }

    private boolean rollsBack(Verdict broken) {
        // A spike is only looked for when it shall roll back.
        return broken.reason() == Reason.ERROR_RATE_SPIKE || plan.rollbackOn().contains(RollbackTrigger.SLO_BREACH);
    }

    private Order timeOut(long now) {
        Verdict why = new Verdict(
                Reason.TIMED_OUT,
                String.format(
                        Locale.ROOT,
                        "the injection took longer than its time-out of %d s",
                        plan.timeout().toSeconds()),
                null);
        return rollBack(now, why);
    }

    private Order finish(long now, Verdict outcome) {
        verdict = outcome;
        event(now, "verdict: " + outcome.explanation());
        phase = Phase.DONE;
        return Order.FINISH;
    }

    private boolean timedOut(long now) {
        return phase == Phase.INJECTION
                && plan.rollbackOn().contains(RollbackTrigger.TIMEOUT)
                && now - phaseStart >= plan.timeout().toNanos();
    }

    private void record(long now, Reading reading) {
        Reading before = last;
        if (before != null && reading.problems().isEmpty()) {
            Map<String, ServiceCounts> between = new TreeMap<>();
            reading.services()
                    .forEach((service, counts) ->
                            between.put(service, counts.minus(before.services().getOrDefault(service, counts))));
            timeline.add(new TimelinePoint(
                    now - start,
                    now - lastPoll,
                    phase,
                    between,
                    reading.queries(),
                    Math.max(0, reading.faults().touched() - faults.touched())));
        }
        if (reading.problems().isEmpty() || before == null) {
            last = reading;
            lastPoll = now;
        }
        if (phase == Phase.INJECTION) {
            faults = reading.faults();
        }
    }

    private static List<Population> populations(Condition condition) {
        return condition.query() != null ? List.of(Population.QUERY) : List.of(Population.ALL, Population.EXPOSED);
    }

    private static String untouched(FaultCounts counts, Verdict why) {
        String seen = why.reason() == Reason.SLO_BREACHED || why.reason() == Reason.ERROR_RATE_SPIKE
                ? "; what was seen has another cause: " + why.explanation()
                : "";
        return String.format(
                Locale.ROOT,
                "no request was touched: %d in scope, %d of them in the cohort, %d drawn, %d held back by the cap, %d by other limits%s",
                counts.scoped(),
                counts.cohort(),
                counts.drawn(),
                counts.suppressedByCap(),
                counts.suppressedOtherwise(),
                seen);
    }

    private static String problems(Reading reading) {
        return String.join("; ", reading.problems());
    }

    private static String name(Phase phase) {
        return phase.name().toLowerCase(Locale.ROOT);
    }

    private void event(long now, String text) {
        events.add(new Event(now - start, phase, text));
    }
}
