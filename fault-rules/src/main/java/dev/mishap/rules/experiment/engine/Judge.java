package dev.mishap.rules.experiment.engine;

import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Judges one condition over one population, poll by poll and over a whole phase.
 *
 * <p>A poll's requests are judged when there are enough of them that one failure alone decides nothing ({@link #needed}); until then they
 * are joined with the next poll's. Windows do not overlap, so that one burst of failures is counted once. A window in which there are
 * already more failures than a full one may have is a breach at once, so that a total failure is seen as soon with little traffic.
 *
 * <p>A request that waits for longer than a latency may be is judged as soon as that is known: once, and again in each poll in which
 * nothing at all was answered. A success rate knows no more than the answers: polls that waited for some which then were too many
 * failures were breaching, too; while none comes, there is nothing to judge.
 */
final class Judge {
    private static final long MIN_SAMPLES = 10;
    private static final long MAX_SAMPLES = 100;

    private final Condition condition;
    private final Population population;
    private final int breachPolls;
    private final Waiting waiting;
    private RequestCounts phaseStart = RequestCounts.NONE;
    private RequestCounts windowStart = RequestCounts.NONE;
    private RequestCounts latest = RequestCounts.NONE;
    /** Of those that are overdue, how many an earlier window of this phase has been told. */
    private long overdueTold;

    private @Nullable Double latestValue;
    private Finding latestFinding = Finding.UNDECIDED;
    private int streak;

    /**
     * @param condition with a target that no longer depends on the baseline
     * @param breachPolls how many breaching looks in succession make a breach
     */
    Judge(Condition condition, Population population, int breachPolls) {
        this.condition = condition;
        this.population = population;
        this.breachPolls = breachPolls;
        boolean limit = population != Population.QUERY && measure().isLatency() && condition.wantsLow();
        waiting = new Waiting(limit ? (long) condition.target() : -1);
    }

    Condition condition() {
        return condition;
    }

    Population population() {
        return population;
    }

    /** How many breaching looks in succession, up to the latest one that could tell. */
    int streak() {
        return streak;
    }

    Finding latestFinding() {
        return latestFinding;
    }

    /** The latest window's value, or the query's; null before the first. */
    @Nullable
    Double latestValue() {
        return latestValue;
    }

    /** A phase begins with this reading. */
    void begin(long nowNanos, Reading reading) {
        phaseStart = counts(reading, latest);
        waiting.begin(nowNanos, phaseStart);
        overdueTold = 0;
        windowStart = phaseStart;
        latest = phaseStart;
        latestValue = null;
        latestFinding = Finding.UNDECIDED;
        streak = 0;
    }

    /** Looks at what came since the last window. */
    Finding look(long nowNanos, Reading reading) {
        int pollsWaited = waiting.polls();
        RequestCounts before = latest;
        Finding finding = population == Population.QUERY ? lookAtQuery(reading) : lookAtRequests(nowNanos, reading);
        if (finding == Finding.UNDECIDED) {
            return finding;
        }
        latestFinding = finding;
        if (finding == Finding.OK) {
            streak = 0;
        } else if (pollsWaited > 0 && !measure().isLatency() && certainlyBreached(latest.minus(before))) {
            streak += 1 + pollsWaited;
        } else {
            streak++;
        }
        return finding;
    }

    /** The same over a whole baseline, poll by poll. */
    void lookAtBaseline(List<Baseline.Poll> polls) {
        begin(polls.get(0).nanos(), polls.get(0).reading());
        polls.subList(1, polls.size()).forEach(poll -> look(poll.nanos(), poll.reading()));
        waiting.isUsual();
    }

    private Finding lookAtQuery(Reading reading) {
        Double value = reading.queries().get(Objects.requireNonNull(condition.query()));
        if (value == null || value.isNaN()) {
            return Finding.UNDECIDED;
        }
        latestValue = value;
        return condition.comparison().holds(value, condition.target()) ? Finding.OK : Finding.BREACH;
    }

    private Finding lookAtRequests(long nowNanos, Reading reading) {
        if (!reading.services().containsKey(condition.service())) {
            return Finding.UNDECIDED;
        }
        latest = counts(reading, latest);
        waiting.look(nowNanos, reading.tookNanos(), latest);
        long overdue = waiting.overdue();
        RequestCounts window = withOverdue(latest.minus(windowStart), overdue);
        Finding finding = certainlyBreached(window) ? Finding.BREACH : Finding.UNDECIDED;
        if (finding == Finding.UNDECIDED && window.requests() >= needed()) {
            finding = plainly(window);
        }
        if (finding != Finding.UNDECIDED) {
            OptionalDouble value = measure().of(window);
            latestValue = value.isEmpty() ? null : value.getAsDouble();
            windowStart = latest;
            overdueTold = overdue;
        }
        return finding;
    }

    /** What is overdue counts in the window that learns of it, not in the one in which it ends. */
    private RequestCounts withOverdue(RequestCounts window, long overdue) {
        if (!waiting.answered()) {
            return window.withUnanswered(overdue, waiting.overdueMicros());
        }
        long more = overdue - overdueTold;
        return more >= 0
                ? window.withUnanswered(more, waiting.overdueMicros())
                : window.withoutLate(-more, condition.target() / 1000);
    }

    /** The condition over everything since the phase began. */
    PhaseResult overall(Phase phase) {
        if (population == Population.QUERY) {
            return new PhaseResult(condition, population, phase, latestValue, 0, latestFinding);
        }
        RequestCounts whole = latest.minus(phaseStart).withUnanswered(waiting.overdue(), waiting.overdueMicros());
        OptionalDouble value = measure().of(whole);
        Finding finding;
        if (certainlyBreached(whole) && whole.requests() < needed()) {
            finding = Finding.BREACH;
        } else if (whole.requests() < MIN_SAMPLES) {
            finding = Finding.UNDECIDED;
        } else {
            finding = plainly(whole);
            if (finding == Finding.BREACH && whole.requests() < needed()) {
                // So few that a single failure would decide: that is no evidence against the hypothesis, nor for it.
                finding = Finding.UNDECIDED;
            }
        }
        if (finding == Finding.OK && hangs()) {
            finding = Finding.UNDECIDED;
        }
        return new PhaseResult(
                condition, population, phase, value.isEmpty() ? null : value.getAsDouble(), whole.requests(), finding);
    }

    /** What requests that have not ended tell. */
    Waiting waiting() {
        return waiting;
    }

    /** Whether nothing has been answered in the latest polls, as many as make a breach, while requests waited. */
    boolean hangs() {
        return waiting.hangs(breachPolls);
    }

    /** Whether something in the open window, which is too small to be judged, already speaks against the condition. */
    boolean doubtful() {
        RequestCounts open = latest.minus(windowStart);
        return population != Population.QUERY && open.requests() > 0 && plainly(open) == Finding.BREACH;
    }

    /** Requests that a window needs to be judged: as many that one bad one alone does not breach, within 10..100. */
    long needed() {
        double allowed = allowedBadShare();
        if (Double.isNaN(allowed)) {
            return MIN_SAMPLES;
        }
        if (allowed <= 0) {
            return MAX_SAMPLES;
        }
        return Math.max(MIN_SAMPLES, Math.min(MAX_SAMPLES, (long) Math.ceil(1 / allowed - 1e-9)));
    }

    private Finding plainly(RequestCounts counts) {
        OptionalDouble value = measure().of(counts);
        return value.isPresent() && condition.comparison().holds(value.getAsDouble(), condition.target())
                ? Finding.OK
                : Finding.BREACH;
    }

    private boolean certainlyBreached(RequestCounts counts) {
        double allowed = allowedBadShare();
        if (Double.isNaN(allowed)) {
            return false;
        }
        long bad =
                measure().isLatency() ? counts.latency().certainlyAbove(condition.target() / 1000) : counts.failures();
        return bad > Math.max(0, allowed) * Math.max(needed(), counts.requests()) + 1e-9;
    }

    /** The share of bad requests that the condition allows; NaN for an unusual one, such as a success rate that shall be low. */
    private double allowedBadShare() {
        switch (measure().kind()) {
            case SUCCESS_RATE:
                return condition.wantsHigh() ? 1 - condition.target() : Double.NaN;
            case ERROR_RATE:
                return condition.wantsLow() ? condition.target() : Double.NaN;
            case LATENCY:
                return condition.wantsLow() ? 1 - measure().quantile() : Double.NaN;
        }
        throw new AssertionError(measure());
    }

    private Measure measure() {
        return Objects.requireNonNull(condition.measure());
    }

    private RequestCounts counts(Reading reading, RequestCounts otherwise) {
        if (condition.service() == null) {
            return otherwise;
        }
        ServiceCounts service = reading.services().get(condition.service());
        return service == null ? otherwise : service.of(population);
    }
}
