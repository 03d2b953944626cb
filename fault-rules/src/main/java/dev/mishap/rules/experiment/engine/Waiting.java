package dev.mishap.rules.experiment.engine;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What is known of the requests of one population that have not ended, from poll to poll of a phase. A service that hangs answers nobody,
 * and callers that wait for it send nothing more: of answers alone it would look well for as long as what it answered before outweighs
 * them.
 *
 * <p>Every number is a lower bound: of those that had begun at one poll, no more can have ended by a later one than have ended at all; so
 * at least the difference is as old as the time between the two. Requests of earlier phases are not among them, since a stream that was
 * open before says nothing of this one.
 */
final class Waiting {
    private record Look(long nanos, long begun) {}

    private final long patienceNanos;
    /** Ascending; the first is the youngest that is old enough, once there is one. */
    private final Deque<Look> looks = new ArrayDeque<>();

    private RequestCounts phaseStart = RequestCounts.NONE;
    private RequestCounts latest = RequestCounts.NONE;
    private boolean answered;
    private long overdue;
    private long ageNanos;
    private long unanswered;
    private int polls;
    private int usualPolls;

    /** @param patienceNanos how old a request may become before it is overdue; negative = as old as it likes */
    Waiting(long patienceNanos) {
        this.patienceNanos = patienceNanos;
    }

    /** A phase begins. */
    void begin(long nowNanos, RequestCounts counts) {
        phaseStart = counts;
        latest = counts;
        looks.clear();
        looks.add(new Look(nowNanos, counts.begun()));
        answered = false;
        overdue = 0;
        unanswered = 0;
        polls = 0;
    }

    /** The next poll of the phase, at {@code nowNanos}, with counts that are at most {@code tookNanos} older. */
    void look(long nowNanos, long tookNanos, RequestCounts counts) {
        long earliest = nowNanos - tookNanos;
        while (looks.size() > 1 && isOld(second(), earliest)) {
            looks.removeFirst();
        }
        Look old = looks.getFirst();
        ageNanos = earliest - old.nanos();
        overdue = patienceNanos >= 0 && isOld(old, earliest) ? outlasting(old.begun(), counts) : 0;
        answered = counts.requests() > latest.requests();
        unanswered = answered ? 0 : outlasting(latest.begun(), counts);
        if (unanswered > 0) {
            polls++;
        } else {
            usualPolls = Math.max(usualPolls, answered ? polls : 0);
            polls = 0;
        }
        latest = counts;
        looks.add(new Look(nowNanos, counts.begun()));
    }

    private Look second() {
        var each = looks.iterator();
        each.next();
        return each.next();
    }

    private boolean isOld(Look look, long earliest) {
        return earliest - look.nanos() > Math.max(0, patienceNanos);
    }

    /** Of those that began within the phase and before there were so many, how many at least have not ended now. */
    private long outlasting(long begun, RequestCounts now) {
        return Math.max(0, begun - phaseStart.begun() - (now.requests() - phaseStart.requests()));
    }

    /** Whether a request ended between the latest two polls. */
    boolean answered() {
        return answered;
    }

    /** How many wait for longer than the patience, at least. */
    long overdue() {
        return overdue;
    }

    /** How long those that are overdue have waited, at least. */
    double overdueMicros() {
        return ageNanos / 1e3;
    }

    /** How many were under way at the previous poll, if nothing has been answered since. */
    long unanswered() {
        return unanswered;
    }

    /** How many polls in succession, up to the latest, saw no answer while a request waited from one poll to the next. */
    int polls() {
        return polls;
    }

    /** Whether so many polls in succession went without an answer, and more than ever did before an answer came after all. */
    boolean hangs(int limit) {
        return polls >= limit && polls > usualPolls;
    }

    /** What the phase saw up to its end is how things usually are. */
    void isUsual() {
        usualPolls = Math.max(usualPolls, polls);
    }
}
